"""What a sentence may say, how patient it is, and which answers end it."""

import pytest

from tests.triptych.engine.conftest import OrderState, Trade
from triptych.engine import Patience, Step
from triptych.engine.sentence import check_sentence, is_refusal
from triptych.problems import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    InsufficientStock,
    InternalError,
    InvalidInput,
    NotFound,
    QuotaExceeded,
    Unauthenticated,
    Unavailable,
)


def test_a_sentence_without_steps_is_refused_by_name():
    with pytest.raises(ValueError, match=r"trade\.fulfil has no steps"):
        check_sentence("trade.fulfil", 1, [])


def test_two_steps_of_one_name_are_refused_since_their_keys_would_be_the_same(trade: Trade):
    step = Step[OrderState]("reserve", trade.does("reserve"))
    with pytest.raises(ValueError, match="several steps named reserve"):
        check_sentence("trade.fulfil", 1, [step, step])


def test_a_second_final_step_is_refused(trade: Trade):
    steps = [Step[OrderState](name, trade.does(name), final=True) for name in ("ship", "capture")]
    with pytest.raises(ValueError, match="more than one final step"):
        check_sentence("trade.fulfil", 1, steps)


@pytest.mark.parametrize("name", ["fulfil", "trade.", "Trade.fulfil", "trade.fulfil.v2", "trade:fulfil"])
def test_a_process_is_named_after_its_service_and_its_flow(trade: Trade, name: str):
    with pytest.raises(ValueError, match=r"named service\.flow"):
        check_sentence(name, 1, trade.sentence())


@pytest.mark.parametrize("name", ["undo reserve", "réserver", "", "a/b"])
def test_a_step_has_a_name_that_fits_into_an_idempotency_key(trade: Trade, name: str):
    with pytest.raises(ValueError, match="small letters"):
        check_sentence("trade.fulfil", 1, [Step[OrderState](name, trade.does("reserve"))])


def test_pauses_double_up_to_their_limit_and_no_two_are_alike():
    patience = Patience(attempts=8, delay=0.5, longest=30.0)
    planned = [0.5, 1, 2, 4, 8, 16, 30, 30]
    pauses = [patience.pause(attempt) for attempt in range(1, 9)]
    assert all(0.75 * plan <= pause <= 1.25 * plan for pause, plan in zip(pauses, planned, strict=True))
    assert len({patience.pause(1) for _ in range(20)}) > 1


def test_a_system_that_says_when_to_come_back_is_not_asked_sooner():
    assert Patience(delay=0.01).pause(1, at_least=7.0) == 7.0


@pytest.mark.parametrize("answer", [NotFound(), Conflict(), InsufficientStock(), InvalidInput()])
def test_what_the_business_answers_is_a_refusal(answer: Exception):
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "answer",
    [
        Unavailable(),
        DeadlineExceeded(),
        InternalError(),
        IdempotencyKeyInFlight(),
        QuotaExceeded(),
        KeyError("sku"),
        # faults of the installation, not of the order
        Unauthenticated(),
        Forbidden(),
        # the first payload may have had an effect
        IdempotencyKeyReused(),
    ],
)
def test_what_may_pass_or_is_not_the_orders_fault_is_no_refusal(answer: Exception):
    assert not is_refusal(answer)
