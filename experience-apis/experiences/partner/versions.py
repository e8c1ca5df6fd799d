"""What the partner API looked like on earlier days, and what has changed since: oldest change first."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from experiences.partner.views import (
    NewPartnerLine,
    NewPartnerOrder,
    OrderQuery,
    PartnerAddress,
    PartnerLine,
    PartnerOrder,
    PartnerProduct,
)
from processes.order_to_fulfillment.contract import OrderState
from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.codes import Currency
from triptych.canonical.fields import Code, Id, Name
from triptych.canonical.lines import MOST_LINES
from triptych.canonical.money import Amount, Money
from triptych.contract import History, Query, VersionChange
from triptych.contract.progress import Event, example_of_event

FIRST = date(2026, 7, 1)
"""The day of the version that our first partners built against."""

Decimals = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""An amount in major units."""


class OrderQueryUntilNovember(History):
    """Which of your orders to list."""

    po_number: Code | None = None
    """Those that you call so."""


class NewOrderUntilNovember(Model):
    """What you want to buy, and where it goes."""

    model_config = example(
        po_number="PO-2026-0815", lines=[the_example(NewPartnerLine)], ship_to=the_example(PartnerAddress)
    )

    po_number: Code
    """What you call it."""
    lines: Annotated[tuple[NewPartnerLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    """What you want."""
    ship_to: PartnerAddress
    """Where it goes."""


class _OrderUntilNovember(Model):
    id: Id
    """What we call it."""
    po_number: Code | None = None
    """What you call it."""
    status: OrderState
    """How far it has come."""
    placed_at: Timestamp
    """When it was accepted."""
    reason: str | None = None
    """Why it was rejected, if it was."""
    timeline: tuple[Event[OrderState], ...] = ()
    """What was done for it, in order."""


_ORDER: dict[str, Any] = {
    "id": "ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
    "po_number": "PO-2026-0815",
    "status": "shipped",
    "placed_at": "2026-07-01T09:29:00Z",
    "timeline": [example_of_event("reserved")],
}


class OrderUntilNovember(_OrderUntilNovember):
    """One of your orders."""

    model_config = example(
        **_ORDER, lines=[the_example(PartnerLine)], total={"amount_minor": 21600, "currency": "EUR"}
    )

    lines: tuple[PartnerLine, ...]
    """What you ordered."""
    total: Amount
    """What it costs."""


class ProductUntilSeptember(Model):
    """A product that you can order."""

    model_config = example(sku="CHAI-10", name="Chai", price="18.00", currency="EUR", available=39)

    sku: Code
    """Order it by this."""
    name: Name
    """What it is called."""
    description: str | None = None
    """What it is."""
    category: Name | None = None
    """Which kind of product."""
    price: Decimals
    """What one costs."""
    currency: Currency
    """In which currency."""
    available: int = Field(ge=0)
    """How many can be had now."""


class LineUntilSeptember(NewPartnerLine):
    """One product of an order, with what it costs."""

    model_config = example(sku="CHAI-10", quantity=12, name="Chai", unit_price="18.00", line_total="216.00")

    name: Name
    """What it is called."""
    unit_price: Decimals
    """What one costs."""
    line_total: Decimals
    """What they cost together."""


class OrderUntilSeptember(_OrderUntilNovember):
    """One of your orders."""

    model_config = example(**_ORDER, lines=[the_example(LineUntilSeptember)], total="216.00", currency="EUR")

    lines: tuple[LineUntilSeptember, ...]
    """What you ordered."""
    total: Decimals
    """What it costs."""
    currency: Currency
    """The currency of the order and of its lines."""


class AmountsInMinorUnits(
    VersionChange,
    on=date(2026, 9, 1),
    operations=("find_products", "product", "place_order", "find_orders", "order", "cancel_order"),
    before={
        PartnerProduct: ProductUntilSeptember,
        PartnerLine: LineUntilSeptember,
        OrderUntilNovember: OrderUntilSeptember,
    },
):
    """Amounts are whole minor units with their currency, `{"amount_minor": 1800, "currency": "EUR"}`;
    until then they were decimal texts, `"18.00"`, beside a `currency`.
    """

    def downgrade_response(self, body: Any) -> Any:
        if "price" in body:
            body["price"], body["currency"] = _decimals(body["price"])
            return body
        body["total"], body["currency"] = _decimals(body["total"])
        for line in body["lines"]:
            line["unit_price"], _ = _decimals(line["unit_price"])
            line["line_total"], _ = _decimals(line["line_total"])
        return body


class ReferenceForPoNumber(
    VersionChange,
    on=date(2026, 11, 1),
    operations=("place_order", "find_orders", "order", "cancel_order"),
    before={
        NewPartnerOrder: NewOrderUntilNovember,
        OrderQuery: OrderQueryUntilNovember,
        PartnerOrder: OrderUntilNovember,
    },
):
    """What you call an order is its `reference`, as in all our APIs; until then it was its `po_number`."""

    def upgrade_request(self, body: Any) -> Any:
        return _renamed(body, "po_number", "reference")

    def upgrade_query(self, query: Query) -> Query:
        return _renamed(query, "po_number", "reference")

    def downgrade_query(self, query: Query) -> Query:
        return _renamed(query, "reference", "po_number")

    def downgrade_response(self, body: Any) -> Any:
        return _renamed(body, "reference", "po_number")

    def downgrade_pointer(self, pointer: str) -> str:
        return {"/reference": "/po_number", "?reference": "?po_number"}.get(pointer, pointer)


CHANGES = (AmountsInMinorUnits, ReferenceForPoNumber)


def _decimals(money: Any) -> tuple[str, str]:
    """`{"amount_minor": 1800, "currency": "EUR"}` as `("18.00", "EUR")`."""
    amount = Money.model_validate(money)
    return f"{amount.amount:f}", amount.currency


def _renamed(fields: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    if old in fields:
        fields[new] = fields.pop(old)
    return fields
