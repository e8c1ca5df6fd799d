"""What really happened, as the systems' own books have it: what was lost, done twice, or out of order."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from processes.order_to_fulfillment.contract import OrderState

ORDERED = "erp/orders made"
SENTENCE = (
    ORDERED,
    "warehouse/reservations made",
    "billing/payments made",
    "erp/orders confirmed",
    "warehouse/shipments made",
    "erp/orders shipped",
    "billing/invoices made",
    "billing/payments captured",
    "billing/invoices paid",
    "erp/orders fulfilled",
    "marketing/messages made",
)
"""What is done for an order that is completed: each once, in this order."""
UNDONE = {
    "warehouse/reservations made": "warehouse/reservations released",
    "billing/payments made": "billing/payments voided",
}
BEFORE_THE_END = frozenset(SENTENCE[:4])
"""What may have been done for an order that was refused or called off, and has to be undone then."""


@dataclass(frozen=True)
class Effect:
    """One thing that a system did for an order, or for a purchase."""

    at: float
    what: str
    order: str
    amount: int = 0
    reference: str = ""


@dataclass
class Verdict:
    """How many effects there were, and which were missing, too many, or out of order."""

    effects: int = 0
    lost: list[str] = field(default_factory=list[str])
    duplicated: list[str] = field(default_factory=list[str])
    wrong_order: list[str] = field(default_factory=list[str])

    def add(self, other: "Verdict") -> None:
        """Count what another one found as well."""
        self.effects += other.effects
        self.lost += other.lost
        self.duplicated += other.duplicated
        self.wrong_order += other.wrong_order

    @property
    def good(self) -> bool:
        """Whether nothing of that happened."""
        return not (self.lost or self.duplicated or self.wrong_order)


def judge(accepted: Mapping[str, int], ended: Mapping[str, OrderState], effects: Sequence[Effect]) -> Verdict:
    """Hold every accepted order, and every order that there is at all, against the systems' books."""
    verdict = Verdict(effects=len(effects))
    by_order: defaultdict[str, list[Effect]] = defaultdict(list)
    for effect in sorted(effects, key=lambda effect: effect.at):
        by_order[effect.order].append(effect)
    entered = Counter(effect.reference for effect in effects if effect.what == ORDERED)
    verdict.duplicated += [
        f"{name} was entered {times} times" for name, times in entered.items() if times > 1
    ]
    for order, number in accepted.items():
        name = f"order {number} ({order})"
        if order not in ended:
            verdict.lost.append(f"{name} never came to its end")
            continue
        done = by_order.get(order, [])
        counted = Counter(effect.what for effect in done)
        for what, times in counted.items():
            if times > 1:
                verdict.duplicated.append(f"{name}: {what}, {times} times")
        if ended[order] is OrderState.COMPLETED:
            _completed(name, done, counted, verdict)
        else:
            _undone(name, counted, verdict)
    return verdict


def out_of_order(done: Sequence[Effect], sentence: Sequence[str]) -> str:
    """What was done, where that is another order than the sentence's."""
    firsts = list(dict.fromkeys(effect.what for effect in done if effect.what in sentence))
    return "" if firsts == [what for what in sentence if what in firsts] else ", ".join(firsts)


def _completed(name: str, done: Sequence[Effect], counted: Counter[str], verdict: Verdict) -> None:
    verdict.lost += [f"{name}: {what} is missing" for what in SENTENCE if not counted[what]]
    if wrong := out_of_order(done, SENTENCE):
        verdict.wrong_order.append(f"{name}: {wrong}")
    amounts = {effect.what: effect.amount for effect in done}
    money = {amounts.get(what) for what in (ORDERED, "billing/invoices made", "billing/payments captured")}
    if len(money) != 1:
        verdict.lost.append(f"{name}: ordered, invoiced and taken are not the same to the cent: {amounts}")


def _undone(name: str, counted: Counter[str], verdict: Verdict) -> None:
    for what, undoing in UNDONE.items():
        if counted[what] != counted[undoing]:
            verdict.lost.append(f"{name}: {what} was not undone")
    if not counted["erp/orders cancelled"]:
        verdict.lost.append(f"{name}: it was not called off in the ERP")
    for what in counted.keys() & (set(SENTENCE) - BEFORE_THE_END):
        verdict.duplicated.append(f"{name}: {what}, although it did not go through")


def of_vendors(ledger: Sequence[Mapping[str, Any]]) -> list[Effect]:
    """The effects in the vendors' ledger that concern orders."""
    return [
        Effect(one["at"], one["what"], one["order"], one["amount"], one["reference"] or "")
        for one in ledger
        if one["order"]
    ]
