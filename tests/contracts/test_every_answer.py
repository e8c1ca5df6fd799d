"""Every operation of every service is seen to succeed, and to answer with each problem that it declares.

What all operations have in common is driven for all of them alike; what is a service's own is told by its
scenario, `scenarios/<service>.py`.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import httpx
import pytest

from tests.contracts.answers import Answer, Witness, declared
from tests.contracts.asking import Service, Services
from tests.contracts.conftest import Served
from tests.contracts.refusals import does_nothing_twice, refuses_what_is_not_in_order
from triptych.assembly.discovery import installed
from triptych.contract import operations
from triptych.serving.openapi import document


@pytest.mark.parametrize("name", installed())
def test_every_declared_answer_is_seen_and_no_other(every_service: Served, name: str) -> None:
    apis = installed()
    witness = Witness(apis.values())
    hooks = {"response": [witness.note]}
    with httpx.Client(base_url=every_service.address, timeout=30, trust_env=False, event_hooks=hooks) as http:
        services = {each: Service(api, every_service, http) for each, api in apis.items()}
        story_of(name)(services)
        refuses_what_is_not_in_order(services[name])
        does_nothing_twice(services[name])

    promised = {answer for found in operations(apis[name]) for answer in declared(found)}
    seen = witness.seen_of(apis[name])
    assert not promised - seen, said("declared, and not seen", promised - seen)
    assert not seen - promised, said("seen, and not declared", seen - promised)


def story_of(name: str) -> Callable[[Services], None]:
    """What a service's scenario tells."""
    scenario = f"tests.contracts.scenarios.{name.replace('-', '_')}"
    if find_spec(scenario) is None:
        pytest.fail(f"{name} has no scenario: write {scenario.replace('.', '/')}.py, as its neighbours are")
    story: Callable[[Services], None] = import_module(scenario).story
    return story


def said(what: str, answers: set[Answer]) -> str:
    """Answers as a failing test names them."""
    return "\n".join([f"{what}:", *sorted(str(answer) for answer in answers)])


@pytest.mark.parametrize("name", installed())
def test_documents_name_every_status_that_is_declared(name: str) -> None:
    api = installed()[name]
    paths = document(api)["paths"]
    for found in operations(api):
        responses = paths[api.base_path() + found.path][found.method.lower()]["responses"]
        assert responses.keys() - {"default"} == {str(answer.status) for answer in declared(found)}
