"""What is known of a purchase on its way, and what follows from it alone."""

from processes.procure_to_pay.asked import Verdict
from processes.procure_to_pay.matching import Due, Quantities
from processes.procure_to_pay.shown import Billed, Difference
from triptych.canonical.base import Model
from triptych.canonical.fields import Code, Id, Name, PersonName, Prose
from triptych.canonical.lines import Lines, NewLines, StockLine, counted
from triptych.canonical.money import Amount


class AllCame(Model):
    """That the purchase order counts as received."""

    purchase_id: Id


class InvoiceCame(Model):
    """That an invoice was entered; without an id, that no more will come."""

    invoice_id: Id | None = None


class Resolved(Model):
    """What was decided about an invoice that does not match, and by whom."""

    verdict: Verdict
    reason: Prose
    lines: NewLines | None = None
    freight: Amount | None = None
    by: Name


class MoneyWent(Model):
    """That an invoice was paid."""

    payment_id: Id


class Procurement(Model):
    """The state of the process of one purchase."""

    purchase_id: Id
    reference: Code | None = None
    supplier_id: Id
    location_id: Id | None = None
    requested_by: PersonName
    cost_centre: Code
    reason: Prose
    lines: Lines
    total: Amount
    approved_by: tuple[Name, ...] = ()
    received: tuple[StockLine, ...] = ()
    billed: tuple[StockLine, ...] = ()
    invoice_id: Id | None = None
    differences: tuple[Difference, ...] = ()
    resolved: Resolved | None = None
    no_more_invoices: bool = False
    invoices: tuple[Billed, ...] = ()
    settled: int = 0

    @property
    def due(self) -> Due:
        """What a further invoice may ask for."""
        return Due(self.lines, counted(self.received), counted(self.billed))

    @property
    def more_to_bill(self) -> bool:
        """Whether something has come that is not billed yet."""
        open_lines = counted(self.received)
        open_lines.subtract(counted(self.billed))
        return not self.no_more_invoices and any(quantity > 0 for quantity in open_lines.values())


def as_lines(quantities: Quantities) -> tuple[StockLine, ...]:
    """Quantities as they are kept."""
    return tuple(
        StockLine(sku=sku, quantity=quantity) for sku, quantity in sorted(quantities.items()) if quantity
    )
