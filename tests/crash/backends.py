"""What our system APIs stand on when they stand on those vendors."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter

from triptych.canonical.accounts import BillingAccount
from triptych.canonical.base import Entity
from triptych.canonical.billing import Invoice, NewPayment, Payment, Refund
from triptych.canonical.mailings import Mailing
from triptych.canonical.marketing import Audience, AudienceMember, Campaign, Consent
from triptych.canonical.messages import Message
from triptych.canonical.order import Order
from triptych.canonical.party import Supplier
from triptych.canonical.payables import OutgoingPayment, SupplierInvoice
from triptych.canonical.product import Product
from triptych.canonical.purchasing import GoodsReceipt, PurchaseOrder
from triptych.contract import Change, Changes, Filter, Page, Patch
from triptych.problems import (
    DeadlineExceeded,
    InvalidState,
    NotFound,
    PaymentDeclined,
    Unavailable,
)
from triptych.storage import Again, FindFirst
from triptych.storage.repeating import Repeating

E = TypeVar("E", bound=Entity)
ADDRESS = "CRASH_VENDORS"
BLIND = "CRASH_BLIND"
"""Set, nothing is looked for: every write is repeated as if its key were known there."""
LOST = 2.0
"""Seconds after which a call to a vendor is given up."""
SHOWN = 5.2
_OURS = {"limit", "cursor", "order", "newest_first", "pay_before"}
"""What vendors cannot filter by; whoever asks for what is due looks at each one anyway."""
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


class Wire:
    """Requests to a vendor."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(base_url=os.environ[ADDRESS], timeout=LOST, trust_env=False)

    async def ask(self, method: str, path: str, **sent: Any) -> Any:
        """The answer. Raises NotFound, InvalidState, DeadlineExceeded, Unavailable."""
        try:
            answer = await self._http.request(method, path, **sent)
        except httpx.TimeoutException as error:
            raise DeadlineExceeded("the vendor did not answer") from error
        except httpx.HTTPError as error:
            raise Unavailable("the vendor cannot be reached") from error
        if answer.status_code == 404:
            raise NotFound(f"the vendor knows no {path}")
        if answer.status_code == 409:
            raise InvalidState(f"the vendor refuses {path}: {answer.text}")
        if answer.status_code != 200:
            raise Unavailable(f"the vendor answered {answer.status_code}")
        return answer.json()


class VendorStore(Generic[E]):
    """One noun at a vendor."""

    def __init__(self, wire: Wire, noun: str, entity: type[E]) -> None:
        self._wire = wire
        self._noun = noun
        self._entity = entity

    async def get(self, id: str) -> E:
        return self._entity.model_validate(await self._wire.ask("GET", f"/{self._noun}/{id}"))

    async def find(self, filter: Filter | None = None) -> Page[E]:
        asked = filter.model_dump(mode="json", exclude_defaults=True) if filter else {}
        single = {name: value for name, value in asked.items() if name not in _OURS}
        lists = {name: single.pop(name) for name in list(single) if isinstance(single[name], list)}
        found = await self._wire.ask("GET", f"/{self._noun}", params=single)
        among = [one for one in found if all(one.get(name) in values for name, values in lists.items())]
        return Page(items=tuple(self._entity.model_validate(one) for one in among))

    async def changes(self, since: str = "", limit: int = 100) -> Changes[E]:
        asked = {"since": since or "0", "limit": limit}
        told = await self._wire.ask("GET", f"/changes/{self._noun}", params=asked)
        items = tuple(Change(id=one["id"], entity=self._entity.model_validate(one)) for one in told["items"])
        return Changes(items=items, position=str(told["position"]), more=told["more"])

    async def create(self, new: BaseModel) -> E:
        return await self.add(new)

    async def add(self, new: BaseModel, **state: Any) -> E:
        begins = {name: info.default for name, info in self._entity.model_fields.items() if name == "status"}
        given = {**_json(begins), **new.model_dump(mode="json"), **_json(state), "id": self._entity.prefix}
        return self._entity.model_validate(await self._wire.ask("POST", f"/{self._noun}", json=given))

    async def save(self, entity: E, **changes: Any) -> E:
        path = f"/{self._noun}/{entity.id}"
        return self._entity.model_validate(await self._wire.ask("PUT", path, json=_json(changes)))

    async def update(self, id: str, patch: Patch[Any], if_match: str) -> E:
        changed = await self._wire.ask("PUT", f"/{self._noun}/{id}", json=_json(dict(patch.changes)))
        return self._entity.model_validate(changed)

    async def delete(self, id: str) -> None:
        raise Unavailable("the vendor deletes nothing")


def _json(values: Mapping[str, Any]) -> Any:
    return _ANY.dump_python(values, mode="json")


def said(**by: str) -> dict[str, Repeating]:
    """How each noun's writes are found: what is made by these fields, a change by its status."""
    found: dict[str, Repeating] = {}
    if os.environ.get(BLIND):
        return {f"{noun}.{verb}": Again() for noun in by for verb in ("create", "save", "update")}
    for noun, fields in by.items():
        found[f"{noun}.create"] = FindFirst(by=tuple(fields.split()), visible_after=SHOWN)
        found[f"{noun}.save"] = FindFirst(by=("status",), visible_after=SHOWN)
        found[f"{noun}.update"] = FindFirst(visible_after=SHOWN)
    return found


class VendorErp:
    """Implements ErpBackend."""

    repeats = said(
        products="sku",
        suppliers="external_id",
        orders="reference customer_id",
        purchase_orders="external_id",
        goods_receipts="purchase_order_id delivery_note",
        supplier_invoices="supplier_id number",
        outgoing_payments="supplier_id run invoice_ids",
    )

    def __init__(self) -> None:
        self._wire = wire = Wire()
        self.products = VendorStore(wire, "erp/products", Product)
        self.suppliers = VendorStore(wire, "erp/suppliers", Supplier)
        self.orders = VendorStore(wire, "erp/orders", Order)
        self.purchase_orders = VendorStore(wire, "erp/purchase_orders", PurchaseOrder)
        self.goods_receipts = VendorStore(wire, "erp/goods_receipts", GoodsReceipt)
        self.supplier_invoices = VendorStore(wire, "erp/supplier_invoices", SupplierInvoice)
        self.outgoing_payments = VendorStore(wire, "erp/outgoing_payments", OutgoingPayment)

    async def enter_as_paid(self, invoice_ids: Sequence[str], settlement: str) -> None:
        entered = {"invoices": list(invoice_ids), "settlement": settlement}
        await self._wire.ask("POST", "/settle", json=entered)


class VendorBilling:
    """Implements BillingBackend."""

    repeats = said(payments="order_id", invoices="order_id total", refunds="payment_id amount")

    def __init__(self) -> None:
        self._wire = wire = Wire()
        self.payments = VendorStore(wire, "billing/payments", Payment)
        self.accounts = VendorStore(wire, "billing/accounts", BillingAccount)
        self.invoices = VendorStore(wire, "billing/invoices", Invoice)
        self.refunds = VendorStore(wire, "billing/refunds", Refund)

    async def authorise(self, payment: NewPayment) -> None:
        if payment.token == "tok_declined":
            raise PaymentDeclined("the provider declines it")

    async def next_invoice_number(self) -> str:
        return str((await self._wire.ask("POST", "/number"))["number"])


class VendorMarketing:
    """Implements MarketingBackend."""

    repeats = said(messages="order_id subject")

    def __init__(self) -> None:
        wire = Wire()
        self.audiences = VendorStore(wire, "marketing/audiences", Audience)
        self.audience_members = VendorStore(wire, "marketing/members", AudienceMember)
        self.consents = VendorStore(wire, "marketing/consents", Consent)
        self.campaigns = VendorStore(wire, "marketing/campaigns", Campaign)
        self.mailings = VendorStore(wire, "marketing/mailings", Mailing)
        self.messages = VendorStore(wire, "marketing/messages", Message)
