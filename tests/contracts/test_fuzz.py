"""Schemathesis against every service's document, with all its checks."""

from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.contracts.conftest import Served
from triptych.assembly.discovery import installed
from triptych.contract import operations
from triptych.serving.openapi import document

EXAMPLES = 12
ACCEPTED = ["2xx", "401", "403", "404", "409", "5xx", "400", "412", "422", "428"]
"""What valid data may be answered with: schemathesis's own list, and 400, 412, 422 and 428 besides."""

EVERY = [
    (name, found.name.replace(".", "_"))
    for name, service in installed().items()
    for found in operations(service)
    if not found.streams
]


@cache
def schema_of(name: str) -> Any:
    """The schema of a service, with one change to schemathesis's checks; made when its first test comes."""
    loaded = schemathesis.openapi.from_dict(document(installed()[name]))
    loaded.config.checks.positive_data_acceptance.expected_statuses = ACCEPTED
    return loaded


# schemathesis uses `random` inside its strategies; it does so knowingly
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize(("name", "operation_id"), EVERY, ids=["-".join(one) for one in EVERY])
def test_no_input_breaks_an_operation(every_service: Served, name: str, operation_id: str) -> None:
    operation = schema_of(name).find_operation_by_id(operation_id)
    api = installed()[name]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(
        case=operation.as_strategy()
        | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    )
    def answers(case: Any) -> None:
        answer = case.call_and_validate(base_url=every_service.address, headers=every_service.headers(api))
        assert answer.status_code < 500

    answers()
