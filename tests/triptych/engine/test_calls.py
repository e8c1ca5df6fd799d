"""What calls asked and were answered: kept with the step, no larger than it may be, and masked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from systems.crm.contract import Crm
from triptych.calling.client import client
from triptych.calling.policy import CallPolicy
from triptych.calling.resilience import Resilience, Target
from triptych.canonical.party import Customer, NewCustomer
from triptych.context import Context, entered
from triptych.contract import Page, Patch
from triptych.engine.calls import MOST, Calls, read_calls
from triptych.engine.masking import LARGEST
from triptych.engine.status import now
from triptych.problems import Conflict, NotFound

ADA = NewCustomer(name="Ada", email="ada@example.com", external_id="C-7")


class Answers:
    """A transport that answers what it was given."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    async def invoke(self, operation: object, context: Context, arguments: object) -> Any:
        """The next answer."""
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def stream(self, operation: object, context: Context, arguments: object) -> Any:
        """Nobody asks for one."""
        raise NotImplementedError


def crm(*answers: Any) -> Crm:
    policy = CallPolicy("tests", frozenset(), Target("crm", Resilience()))
    return client(Crm, Answers(*answers), policy)


def customer(**more: Any) -> Customer:
    made = {"id": "cus_1", "created_at": now(), "updated_at": now()}
    return Customer.model_validate({**ADA.model_dump(), **made, **more})


def observed(
    *, unmasked: bool = False, heard: list[str] | None = None
) -> tuple[Calls, Callable[[], list[dict[str, Any]]]]:
    """An observer, and what it has kept since the last time."""

    def hear(document: Any) -> None:
        if heard is not None:
            heard.append(str(document))

    calls = Calls(hear)
    return calls, lambda: shown(calls.take(), unmasked=unmasked)


def shown(packed: str, *, unmasked: bool = False) -> list[dict[str, Any]]:
    return [call.model_dump(mode="json") for call in read_calls(packed, unmasked=unmasked)]


async def test_a_call_is_kept_with_its_key_and_personal_data_is_masked() -> None:
    heard: list[str] = []
    calls, read = observed(heard=heard)
    with entered(Context(observer=calls, idempotency_key="process/step", traceparent="00-a-b-01")):
        await crm(customer()).customers.create(ADA)

    (call,) = read()
    assert (call["operation"], call["method"], call["status"], call["sent"]) == (
        "crm.customers.create",
        "POST",
        201,
        1,
    )
    assert (call["key"], call["trace"]) == ("process/step/crm.customers.create", "00-a-b-01")
    assert (call["request"]["new"]["email"], call["request"]["new"]["external_id"]) == ("***", "C-7")
    assert (call["answer"]["id"], call["answer"]["email"]) == ("cus_1", "***")
    assert "ada@example.com" in "".join(heard)  # before it is masked


async def test_unmasked_it_is_what_it_was() -> None:
    calls, read = observed(unmasked=True)
    with entered(Context(observer=calls)):
        made = crm(customer(), Page[Customer](items=(customer(), customer(email=None))))
        await made.customers.create(ADA)
        await made.customers.find()

    create, find = read()
    assert create["request"]["new"]["email"] == "ada@example.com"
    assert [one["email"] for one in find["answer"]["items"]] == ["ada@example.com", None]


async def test_the_values_of_a_patch_are_masked_whatever_they_are() -> None:
    calls, read = observed()
    with entered(Context(observer=calls)):
        await crm(customer()).customers.update("cus_1", Patch[NewCustomer]({"email": "a@b.example"}), "1")

    assert read()[0]["request"]["patch"] == {"email": "***"}


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("None."), 404), (Conflict("Twice."), 409), (ValueError("?"), 500)],
)
async def test_a_problem_is_kept_and_raised(error: Exception, status: int) -> None:
    calls, read = observed()
    with entered(Context(observer=calls)), pytest.raises(type(error)):
        await crm(error).customers.get("cus_1")

    (call,) = read()
    assert (call["status"], call["answer"], call["problem"]["error"]) == (status, None, type(error).__name__)


async def test_a_call_that_nobody_waits_for_any_longer_is_kept_as_that() -> None:
    calls, read = observed()
    with entered(Context(observer=calls)), pytest.raises(asyncio.CancelledError):
        await crm(asyncio.CancelledError()).customers.get("cus_1")

    assert read()[0]["problem"]["error"] == "DeadlineExceeded"


async def test_what_is_large_is_kept_in_part() -> None:
    calls, read = observed(unmasked=True)
    many = Page[Customer](items=tuple(customer(id=f"cus_{number}") for number in range(200)))
    with entered(Context(observer=calls)):
        await crm(many).customers.find()
        packed = calls.take()

    (call,) = shown(packed, unmasked=True)
    assert len(str(call)) < 3 * LARGEST
    assert "bytes" in str(call["answer"]["omitted"])
    assert len(packed) < LARGEST
    assert read() == []


async def test_of_many_calls_the_first_and_the_last_are_kept() -> None:
    calls, read = observed()
    with entered(Context(observer=calls)):
        made = crm(*(customer(id=f"cus_{number}") for number in range(50)))
        for number in range(50):
            await made.customers.get(f"cus_{number}")

    kept = read()
    assert len(kept) == MOST
    assert (kept[0]["request"]["id"], kept[-1]["request"]["id"]) == ("cus_0", "cus_49")


@pytest.mark.parametrize(
    "answer", ["\x00", "\ud800", float("nan"), 2**70, {"a": {1, 2}}, b"\xff", object(), [[]]]
)
async def test_an_answer_that_is_no_json_disturbs_no_step(answer: Any) -> None:
    calls, read = observed()
    with entered(Context(observer=calls)):
        assert await crm(answer).customers.get("cus_1") is answer

    (call,) = read()
    assert call["operation"] == "crm.customers.get"


async def test_nothing_is_kept_where_nobody_observes() -> None:
    calls, read = observed()
    await crm(customer()).customers.get("cus_1")

    assert (calls.take(), read()) == ("", [])


async def test_what_is_no_value_of_any_model_is_masked_as_a_whole() -> None:
    calls, read = observed()
    with entered(Context(observer=calls)):
        await crm({"held": OSError("ada@example.com")}).customers.get("cus_1")

    assert read()[0]["answer"] == {"held": "***"}
