"""What really became of purchases, as the vendors' ledger and the warehouse's tables have it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from processes.procure_to_pay.contract import PurchaseState
from tests.crash.books import Effect, Verdict, out_of_order
from tests.crash.purchases import sku

REQUESTED = "erp/purchase_orders made"
SENT = "erp/purchase_orders ordered"
BILLED = "erp/supplier_invoices made"
PAID = "erp/outgoing_payments made"
CANCELLED = "erp/purchase_orders cancelled"
SENTENCE = (
    REQUESTED,
    SENT,
    "erp/goods_receipts made",
    "erp/purchase_orders received",
    BILLED,
    "erp/supplier_invoices matched",
    PAID,
    "erp/supplier_invoices paid",
    "erp/purchase_orders closed",
)
"""What is done for a purchase that is closed, in this order: each once, but for the two deliveries."""
TIMES = {"erp/goods_receipts made": 2}

Entry = Mapping[str, Any]


def judge_purchases(
    accepted: Mapping[str, int],
    ended: Mapping[str, PurchaseState],
    ledger: Sequence[Entry],
    stock: Mapping[str, int],
) -> Verdict:
    """Hold every accepted purchase against the ERP's ledger, and what came of it against the stock."""
    effects = of_purchases(ledger)
    verdict = Verdict(effects=len(effects))
    by_purchase: defaultdict[str, list[Effect]] = defaultdict(list)
    for effect in sorted(effects, key=lambda effect: effect.at):
        by_purchase[effect.order].append(effect)
    entered = Counter(effect.reference for effect in effects if effect.what == REQUESTED)
    verdict.duplicated += [f"{name} was entered {n} times" for name, n in entered.items() if n > 1]
    for purchase, number in accepted.items():
        name = f"purchase {number} ({purchase})"
        if purchase not in ended:
            verdict.lost.append(f"{name} never came to its end")
            continue
        done = by_purchase.get(purchase, [])
        if ended[purchase] is PurchaseState.CLOSED:
            _closed(name, done, verdict)
        else:
            _called_off(name, done, verdict)
        came = sum(effect.amount for effect in done if effect.what == "erp/goods_receipts made")
        _in_stock(name, came, stock.get(sku(number), 0), verdict)
    _to_the_cent(ledger, verdict)
    return verdict


def of_purchases(ledger: Sequence[Entry]) -> list[Effect]:
    """The effects in the vendors' ledger that concern purchases; a payment is one for each invoice in it."""
    bought_by = {one["id"]: one["purchase"] for one in ledger if one["what"] == BILLED}
    found: list[Effect] = []
    for one in ledger:
        bought = [bought_by[invoice] for invoice in one["settles"]] or [one["purchase"]]
        kept = sum(line["quantity"] - line.get("rejected", 0) for line in one["lines"])
        amount = kept if one["what"] == "erp/goods_receipts made" else one["amount"]
        reference = one["reference"] if one["what"] == REQUESTED else ""
        found += [Effect(one["at"], one["what"], id, amount, reference) for id in bought if id]
    return found


def _closed(name: str, done: Sequence[Effect], verdict: Verdict) -> None:
    counted = Counter(effect.what for effect in done)
    for what in SENTENCE:
        if counted[what] < TIMES.get(what, 1):
            verdict.lost.append(f"{name}: {what} is missing")
    for what, times in counted.items():
        if times > TIMES.get(what, 1):
            verdict.duplicated.append(f"{name}: {what}, {times} times")
    if wrong := out_of_order(done, SENTENCE):
        verdict.wrong_order.append(f"{name}: {wrong}")


def _called_off(name: str, done: Sequence[Effect], verdict: Verdict) -> None:
    counted = Counter(effect.what for effect in done)
    if not counted[CANCELLED]:
        verdict.lost.append(f"{name}: it was not called off in the ERP")
    for what, times in counted.items():
        if what not in (REQUESTED, SENT, CANCELLED):
            verdict.duplicated.append(f"{name}: {what}, although it did not go through")
        elif times > 1:
            verdict.duplicated.append(f"{name}: {what}, {times} times")


def _in_stock(name: str, came: int, there: int, verdict: Verdict) -> None:
    if there < came:
        verdict.lost.append(f"{name}: {came} came, {there} are in stock")
    if there > came:
        verdict.duplicated.append(f"{name}: {came} came, {there} are in stock")


def _to_the_cent(ledger: Sequence[Entry], verdict: Verdict) -> None:
    """What went out is what was billed, payment by payment."""
    billed = {one["id"]: one["amount"] for one in ledger if one["what"] == BILLED}
    for one in ledger:
        if one["what"] == PAID and one["amount"] != sum(billed[id] for id in one["settles"]):
            verdict.lost.append(f"{one['id']}: {one['amount']} went out for {one['settles']}")
