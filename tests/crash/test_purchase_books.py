"""The judge of purchases notices what it is there to notice."""

from typing import Any

import pytest

from processes.procure_to_pay.contract import PurchaseState
from tests.crash.books import Verdict
from tests.crash.purchase_books import BILLED, CANCELLED, PAID, REQUESTED, SENTENCE, judge_purchases

Entry = dict[str, Any]
RECEIVED = "erp/goods_receipts made"
PURCHASE = "pur_1"


def entry(at: float, what: str, **more: Any) -> Entry:
    """A line of the vendors' ledger."""
    blank: Entry = {"id": f"{what} {at}", "purchase": PURCHASE, "settles": [], "lines": [], "reference": ""}
    return {**blank, "at": at, "what": what, "amount": 0, **more}


def ledger() -> list[Entry]:
    """What a purchase that is closed leaves there: two deliveries, of 1 and of 41, and 139.86 paid."""
    first, *rest = [entry(float(number), what) for number, what in enumerate(SENTENCE)]
    first["reference"] = "CRASH-P-1"
    for one in rest:
        if one["what"] == RECEIVED:
            one["lines"] = [{"quantity": 1}]
        if one["what"] == BILLED:
            one |= {"id": "sin_1", "amount": 13986}
        if one["what"] == PAID:
            one |= {"purchase": "", "settles": ["sin_1"], "amount": 13986}
    return [first, *rest, entry(2.5, RECEIVED, lines=[{"quantity": 45, "rejected": 4}])]


def judged(entries: list[Entry], state: PurchaseState = PurchaseState.CLOSED, in_stock: int = 42) -> Verdict:
    return judge_purchases({PURCHASE: 1}, {PURCHASE: state}, entries, {"BUY-1": in_stock})


def test_a_purchase_that_was_done_once_in_order_is_good() -> None:
    assert judged(ledger()) == Verdict(effects=10)


@pytest.mark.parametrize("what", [what for what in SENTENCE if what not in (PAID, BILLED)])
def test_whatever_is_missing_is_lost(what: str) -> None:
    verdict = judged([one for one in ledger() if one["what"] != what])
    assert f"purchase 1 (pur_1): {what} is missing" in verdict.lost


def test_an_invoice_that_was_not_paid_is_lost() -> None:
    unpaid = judged([one for one in ledger() if one["what"] != PAID])
    assert unpaid.lost == [f"purchase 1 (pur_1): {PAID} is missing"]


@pytest.mark.parametrize("what", SENTENCE)
def test_whatever_was_done_once_more_is_noticed(what: str) -> None:
    once_more = next(one for one in ledger() if one["what"] == what)
    verdict = judged([*ledger(), {**once_more, "at": 99.0}])
    times = 3 if what == RECEIVED else 2
    assert f"purchase 1 (pur_1): {what}, {times} times" in verdict.duplicated


def test_a_request_that_was_entered_again_under_another_id_is_noticed() -> None:
    again = entry(99, REQUESTED, purchase="pur_2", reference="CRASH-P-1")
    assert judged([*ledger(), again]).duplicated == ["CRASH-P-1 was entered 2 times"]


def test_what_was_paid_before_it_was_matched_is_noticed() -> None:
    entries = [{**one, "at": 4.5} if one["what"] == PAID else one for one in ledger()]
    assert len(judged(entries).wrong_order) == 1


def test_a_cent_too_much_is_noticed() -> None:
    entries = [{**one, "amount": 13987} if one["what"] == PAID else one for one in ledger()]
    assert "13987 went out" in judged(entries).lost[0]


@pytest.mark.parametrize(("in_stock", "kind"), [(41, "lost"), (84, "duplicated")])
def test_goods_that_are_not_in_stock_or_twice_are_noticed(in_stock: int, kind: str) -> None:
    assert getattr(judged(ledger(), in_stock=in_stock), kind) == [
        f"purchase 1 (pur_1): 42 came, {in_stock} are in stock"
    ]


def test_a_purchase_that_never_ended_is_lost() -> None:
    verdict = judge_purchases({PURCHASE: 1}, {}, ledger(), {"BUY-1": 42})
    assert verdict.lost == ["purchase 1 (pur_1) never came to its end"]


def test_a_purchase_that_was_denied_has_to_be_called_off_and_nothing_else() -> None:
    denied = [entry(0, REQUESTED), entry(1, CANCELLED)]
    assert judged(denied, PurchaseState.REJECTED, in_stock=0).good
    assert judged(denied[:1], PurchaseState.REJECTED, in_stock=0).lost == [
        "purchase 1 (pur_1): it was not called off in the ERP"
    ]
    paid = judged([*denied, entry(2, BILLED)], PurchaseState.CANCELLED, in_stock=0)
    assert paid.duplicated == [f"purchase 1 (pur_1): {BILLED}, although it did not go through"]
