"""The ERP: an order goes its way or is called off, and what was bought from a supplier comes in."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


def story(services: Services) -> None:
    erp = services["erp"]
    chai = erp.makes("products")
    erp.keeps("products", apart_by="sku")
    erp.keeps("suppliers", apart_by="external_id")
    erp.keeps("orders", apart_by="external_id", lines=[of(chai)])
    erp.keeps("purchase_orders", apart_by="external_id")

    an_order_is_fulfilled(erp, chai)
    an_order_is_called_off(erp, chai)
    what_was_bought_comes_in(erp, chai)
    a_purchase_is_called_off(erp, chai)
    no_more_comes_of_a_purchase(erp, chai)
    a_suppliers_invoice_is_paid_once(erp, chai)
    a_suppliers_invoice_is_sent_back(erp, chai)


def of(product: Json, quantity: int = 12) -> Json:
    """A line of an order."""
    return {"sku": product["sku"], "quantity": quantity, "unit_price": product["price"]}


def an_order_is_fulfilled(erp: Service, chai: Json) -> None:
    unknown = of({**chai, "sku": "sku-of-nobody"})
    erp.refuses("orders.create", because=InvalidInput, lines=[unknown])
    order = erp.makes("orders", lines=[of(chai)])
    erp.refuses("ship_order", order, because=InvalidState)  # it is a draft yet
    erp.refuses("fulfill_order", order, because=InvalidState)
    erp.does("confirm_order", order)
    erp.does("ship_order", order)
    erp.refuses("cancel_order", order, because=InvalidState)  # it is on its way
    erp.does("fulfill_order", order)
    erp.refuses("confirm_order", order, because=InvalidState)
    erp.does("return_order", order)
    erp.refuses("fulfill_order", order, because=InvalidState)  # all of it has come back


def an_order_is_called_off(erp: Service, chai: Json) -> None:
    order = erp.makes("orders", lines=[of(chai)])
    erp.does("cancel_order", order)
    erp.refuses("confirm_order", order, because=InvalidState)
    erp.refuses("return_order", order, because=InvalidState)  # nothing was sent


def what_was_bought_comes_in(erp: Service, chai: Json) -> None:
    bought = erp.makes("purchase_orders", lines=[of(chai, 12)])
    half: Json = {"purchase_order_id": bought["id"], "lines": [{"sku": chai["sku"], "quantity": 6}]}
    erp.refuses("goods_receipts.create", because=InvalidState, **half)  # nobody has ordered it yet
    erp.does("order_purchase", bought)
    first, second = (erp.makes("goods_receipts", **half, delivery_note=note) for note in ("A-1", "A-2"))
    assert erp.makes("goods_receipts", **half, delivery_note="A-2") == second  # the same delivery
    assert erp.does("goods_receipts.get", first) == first
    erp.does("goods_receipts.find", limit=1)
    erp.does("goods_receipts.changes", limit=1)
    assert erp.does("purchase_orders.get", bought)["status"] == "received"
    erp.refuses("goods_receipts.create", because=InvalidState, **half)
    erp.refuses("cancel_purchase", bought, because=Conflict)
    erp.refuses("order_purchase", bought, because=InvalidState)


def a_purchase_is_called_off(erp: Service, chai: Json) -> None:
    bought = erp.makes("purchase_orders", lines=[of(chai)])
    erp.does("cancel_purchase", bought)


def no_more_comes_of_a_purchase(erp: Service, chai: Json) -> None:
    bought = erp.makes("purchase_orders", lines=[of(chai, 12)])
    erp.refuses("complete_purchase", bought, because=Conflict)  # nothing has come
    erp.does("order_purchase", bought)
    erp.refuses("close_purchase", bought, because=InvalidState)
    some: Json = {"sku": chai["sku"], "quantity": 5}
    erp.makes("goods_receipts", purchase_order_id=bought["id"], lines=[some])
    assert erp.does("complete_purchase", bought)["status"] == "received"
    assert erp.does("close_purchase", bought)["status"] == "closed"
    erp.refuses("complete_purchase", bought, because=InvalidState)
    late: Json = {"purchase_order_id": bought["id"], "number": fresh("number")}
    erp.refuses("supplier_invoices.create", because=InvalidState, **late)


def received(erp: Service, chai: Json) -> tuple[Json, Json]:
    """A dozen that has come, and the terms of an invoice for it."""
    bought = erp.makes("purchase_orders", supplier_id=erp.makes("suppliers")["id"], lines=[of(chai)])
    erp.does("order_purchase", bought)
    whole: Json = {"sku": chai["sku"], "quantity": 12}
    erp.makes("goods_receipts", purchase_order_id=bought["id"], lines=[whole])
    return bought, {"purchase_order_id": bought["id"], "lines": [of(chai)]}


def a_suppliers_invoice_is_paid_once(erp: Service, chai: Json) -> None:
    bought, terms = received(erp, chai)
    number = fresh("number")
    invoice = erp.makes("supplier_invoices", number=number, **terms)
    erp.refuses("supplier_invoices.create", because=Conflict, number=number, **terms)
    erp.refuses("supplier_invoices.create", because=NotFound, **{**terms, "purchase_order_id": "pur_none"})
    assert erp.does("supplier_invoices.get", invoice) == invoice
    erp.does("supplier_invoices.find", purchase_order_id=bought["id"])
    erp.does("supplier_invoices.changes", limit=1)
    paid: Json = {"supplier_id": bought["supplier_id"], "invoice_ids": [invoice["id"]]}
    erp.refuses("outgoing_payments.create", because=InvalidState, **paid)  # nobody has checked it
    corrected = erp.does("correct_supplier_invoice", invoice, lines=[of(chai, 11)])
    assert (corrected["corrected"], corrected["lines"][0]["quantity"]) == (True, 11)
    erp.does("match_supplier_invoice", invoice)
    erp.refuses("correct_supplier_invoice", invoice, because=InvalidState)
    erp.refuses("refuse_supplier_invoice", invoice, because=InvalidState)
    erp.refuses("close_purchase", bought, because=Conflict)  # it is owed
    erp.refuses("outgoing_payments.create", because=InvalidInput, **{**paid, "supplier_id": "sup_other"})
    payment = erp.makes("outgoing_payments", **paid)
    erp.refuses("outgoing_payments.create", because=InvalidState, **paid)
    erp.refuses("outgoing_payments.create", because=NotFound, **{**paid, "invoice_ids": ["sin_none"]})
    assert erp.does("outgoing_payments.get", payment) == payment
    erp.does("outgoing_payments.find", run=payment["run"])
    erp.does("outgoing_payments.changes", limit=1)
    erp.does("close_purchase", bought)


def a_suppliers_invoice_is_sent_back(erp: Service, chai: Json) -> None:
    _, terms = received(erp, chai)
    invoice = erp.makes("supplier_invoices", number=fresh("number"), **terms)
    erp.does("refuse_supplier_invoice", invoice)
    erp.refuses("match_supplier_invoice", invoice, because=InvalidState)
