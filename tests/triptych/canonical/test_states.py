"""States move only along the edges that are written beside them."""

from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast

import pytest

import triptych.canonical
from triptych.canonical.base import Entity
from triptych.canonical.order import ORDER_TRANSITIONS, OrderStatus
from triptych.canonical.states import Transitions
from triptych.problems import InvalidState

MODULES = [
    import_module(found.name) for found in iter_modules(triptych.canonical.__path__, "triptych.canonical.")
]
TRANSITIONS = [
    cast("Transitions[Any]", value)
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, Transitions)
]
BY_STATUS: dict[Any, Transitions[Any]] = {type(found.start): found for found in TRANSITIONS}


def test_a_status_begins_where_its_transitions_begin(entity: type[Entity]) -> None:
    if "status" in entity.model_fields:
        status = entity.model_fields["status"]
        assert BY_STATUS[status.annotation].start is status.default


@pytest.mark.parametrize("transitions", TRANSITIONS, ids=lambda found: found.noun)
def test_every_state_can_be_reached_from_the_first(transitions: Transitions[Any]) -> None:
    reached: set[StrEnum] = {transitions.start}
    while further := {state for found in reached for state in transitions.edges[found]} - reached:
        reached |= further

    assert reached == set(transitions.edges)


@pytest.mark.parametrize("old", OrderStatus)
@pytest.mark.parametrize("new", OrderStatus)
def test_a_step_is_refused_just_when_it_is_no_edge(old: OrderStatus, new: OrderStatus) -> None:
    if new in ORDER_TRANSITIONS.edges[old]:
        ORDER_TRANSITIONS.check(old, new)
    else:
        with pytest.raises(InvalidState) as refused:
            ORDER_TRANSITIONS.check(old, new)
        assert refused.value.extra["state"] == old.value


def test_a_refusal_names_the_states_that_may_follow() -> None:
    with pytest.raises(InvalidState) as refused:
        ORDER_TRANSITIONS.check(OrderStatus.SHIPPED, OrderStatus.CANCELLED)

    assert refused.value.detail == (
        "The order is shipped and cannot become cancelled: only fulfilled or returned can follow."
    )
    assert refused.value.extra == {"state": "shipped", "allowed": ["fulfilled", "returned"]}
    assert refused.value.body()["status"] == 409


def test_a_refusal_says_when_a_state_is_final() -> None:
    with pytest.raises(InvalidState, match="The order is cancelled and cannot become draft: that is final"):
        ORDER_TRANSITIONS.check(OrderStatus.CANCELLED, OrderStatus.DRAFT)
    assert ORDER_TRANSITIONS.ends(OrderStatus.CANCELLED)
    assert not ORDER_TRANSITIONS.ends(OrderStatus.DRAFT)


def test_transitions_that_forget_a_state_are_refused_when_they_are_read() -> None:
    with pytest.raises(TypeError, match="say nothing of cancelled, confirmed"):
        Transitions(
            "order",
            {
                OrderStatus.DRAFT: set(),
                OrderStatus.SHIPPED: set(),
                OrderStatus.FULFILLED: set(),
                OrderStatus.RETURNED: set(),
            },
        )
