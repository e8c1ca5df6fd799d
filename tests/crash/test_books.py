"""The judge of the crash test notices what it is there to notice."""

import pytest

from processes.order_to_fulfillment.contract import OrderState
from tests.crash.books import ORDERED, SENTENCE, Effect, Verdict, judge

MONEY = ("billing/invoices made", "billing/payments captured", ORDERED)


def done(*but: str) -> list[Effect]:
    """What a completed order leaves in the books, without some of it."""
    return [
        Effect(
            float(number), what, "ord_1", 700 if what in MONEY else 0, "CRASH-1" if what == ORDERED else ""
        )
        for number, what in enumerate(SENTENCE)
        if what not in but
    ]


def judged(effects: list[Effect], state: OrderState = OrderState.COMPLETED) -> Verdict:
    return judge({"ord_1": 1}, {"ord_1": state}, effects)


def test_an_order_that_was_done_once_in_order_is_good() -> None:
    assert judged(done()).good


@pytest.mark.parametrize("what", SENTENCE)
def test_whatever_is_missing_is_lost(what: str) -> None:
    assert any(f"{what} is missing" in fault for fault in judged(done(what)).lost)


@pytest.mark.parametrize("what", SENTENCE)
def test_whatever_was_done_twice_is_noticed(what: str) -> None:
    verdict = judged([*done(), Effect(99, what, "ord_1", 700 if what in MONEY else 0)])
    assert verdict.duplicated == [f"order 1 (ord_1): {what}, 2 times"]


def test_an_order_that_was_entered_again_under_another_id_is_noticed() -> None:
    again = Effect(99, ORDERED, "ord_2", 700, "CRASH-1")
    assert judged([*done(), again]).duplicated == ["CRASH-1 was entered 2 times"]


def test_what_came_too_early_is_noticed() -> None:
    early = Effect(0.5, "billing/payments captured", "ord_1", 700)
    assert len(judged([*done("billing/payments captured"), early]).wrong_order) == 1


def test_a_cent_too_much_is_noticed() -> None:
    captured = Effect(7, "billing/payments captured", "ord_1", 701)
    assert "to the cent" in judged([*done("billing/payments captured"), captured]).lost[0]


def test_an_order_that_never_ended_is_lost() -> None:
    assert judge({"ord_1": 1}, {}, done()).lost == ["order 1 (ord_1) never came to its end"]


def test_a_rejected_order_has_to_be_undone() -> None:
    verdict = judged(done(*SENTENCE[3:]), OrderState.REJECTED)
    assert [fault.partition(": ")[2] for fault in verdict.lost] == [
        "warehouse/reservations made was not undone",
        "billing/payments made was not undone",
        "it was not called off in the ERP",
    ]
    assert judged(done(), OrderState.CANCELLED).duplicated[0].endswith("although it did not go through")
