"""The ERP: an order goes its way or is called off, and what was bought from a supplier comes in."""

from tests.contracts.asking import Json, Service, Services
from triptych.problems import Conflict, InvalidInput, InvalidState


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


def an_order_is_called_off(erp: Service, chai: Json) -> None:
    order = erp.makes("orders", lines=[of(chai)])
    erp.does("cancel_order", order)
    erp.refuses("confirm_order", order, because=InvalidState)


def what_was_bought_comes_in(erp: Service, chai: Json) -> None:
    bought = erp.makes("purchase_orders", lines=[of(chai, 12)])
    half: Json = {"purchase_order_id": bought["id"], "lines": [{"sku": chai["sku"], "quantity": 6}]}
    erp.refuses("goods_receipts.create", because=InvalidState, **half)  # nobody has ordered it yet
    erp.does("order_purchase", bought)
    erp.keeps("goods_receipts", **half)  # twice half is the whole
    assert erp.does("purchase_orders.get", bought)["status"] == "received"
    erp.refuses("goods_receipts.create", because=InvalidState, **half)
    erp.refuses("cancel_purchase", bought, because=Conflict)
    erp.refuses("order_purchase", bought, because=InvalidState)


def a_purchase_is_called_off(erp: Service, chai: Json) -> None:
    bought = erp.makes("purchase_orders", lines=[of(chai)])
    erp.does("cancel_purchase", bought)
