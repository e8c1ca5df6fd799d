"""The warehouse: stock is counted, promised, sent and taken back, and never goes below zero."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from triptych.problems import Conflict, InsufficientStock, InvalidInput, InvalidState


def story(services: Services) -> None:
    warehouse = services["warehouse"]
    berlin = warehouse.makes("locations")
    warehouse.keeps("locations", apart_by="code")
    warehouse.keeps("inventory", apart_by="sku", location_id=berlin["id"])
    warehouse.keeps("returns", order_id=fresh("order"))

    stock_is_counted(warehouse, berlin)
    a_location_is_given_up(warehouse, berlin)
    stock_is_promised_and_given_free(warehouse, berlin)
    stock_is_promised_and_sent(warehouse, berlin)
    what_there_is_is_promised(warehouse, berlin)
    a_shipment_is_unpacked(warehouse, berlin)
    goods_come_back(warehouse, berlin)
    some_of_what_was_sent_comes_back(warehouse, berlin)
    equipment_is_handed_out_and_comes_back_once(warehouse, berlin)


def stocked(warehouse: Service, location: Json, on_hand: int = 39) -> Json:
    """A product that lies there, as a line of so many."""
    level = warehouse.makes("inventory", location_id=location["id"], on_hand=on_hand, safety_stock=0)
    return {"sku": level["sku"], "quantity": 12}


def stock_is_counted(warehouse: Service, berlin: Json) -> None:
    warehouse.refuses("inventory.create", because=InvalidInput)  # the example's location is nowhere
    chai = {"sku": stocked(warehouse, berlin, on_hand=3)["sku"], "location_id": berlin["id"]}
    warehouse.does("adjust_stock", **chai, by=-2)
    warehouse.refuses("adjust_stock", **chai, by=-2, because=InsufficientStock)
    most = {"sku": stocked(warehouse, berlin, on_hand=1_000_000_000)["sku"], "location_id": berlin["id"]}
    warehouse.refuses("adjust_stock", **most, by=1, because=InvalidInput)


def a_location_is_given_up(warehouse: Service, berlin: Json) -> None:
    hamburg = warehouse.makes("locations")
    chai = stocked(warehouse, hamburg, on_hand=1)
    warehouse.refuses("locations.delete", hamburg, because=Conflict)  # something is kept there
    warehouse.does("adjust_stock", sku=chai["sku"], location_id=hamburg["id"], by=-1)
    warehouse.does("locations.delete", hamburg)
    warehouse.makes("inventory", sku=chai["sku"], location_id=berlin["id"], on_hand=20)
    warehouse.makes("reservations", lines=[chai])  # what was kept in Hamburg is forgotten


def stock_is_promised_and_given_free(warehouse: Service, berlin: Json) -> None:
    chai = stocked(warehouse, berlin)
    warehouse.keeps("reservations", lines=[chai])
    held = warehouse.makes("reservations", lines=[chai])
    warehouse.refuses("reservations.create", because=InsufficientStock, lines=[chai])
    warehouse.does("release_reservation", held)
    warehouse.makes("reservations", lines=[chai])


def stock_is_promised_and_sent(warehouse: Service, berlin: Json) -> None:
    chai = stocked(warehouse, berlin)
    held, other = (warehouse.makes("reservations", lines=[chai]) for _ in range(2))
    parcel: Json = {"reservation_id": held["id"], "lines": [chai]}
    warehouse.refuses("shipments.create", because=Conflict, **parcel, order_id="ord_another")
    warehouse.keeps("shipments", **parcel)
    shipment = warehouse.makes("shipments", **parcel)
    warehouse.refuses("deliver_shipment", shipment, because=InvalidState)  # it has not left
    warehouse.does("dispatch_shipment", shipment)
    warehouse.refuses("cancel_shipment", shipment, because=InvalidState)
    warehouse.does("deliver_shipment", shipment)
    warehouse.refuses("release_reservation", held, because=InvalidState)
    warehouse.refuses("shipments.create", because=InvalidState, **parcel)  # the promise is made good
    warehouse.does("release_reservation", other)


def what_there_is_is_promised(warehouse: Service, berlin: Json) -> None:
    chai, tea = stocked(warehouse, berlin, on_hand=5), stocked(warehouse, berlin, on_hand=0)
    held = warehouse.makes("reservations", lines=[chai, tea], partial=True)
    assert [(line["sku"], line["quantity"]) for line in held["lines"]] == [(chai["sku"], 5)]
    warehouse.refuses("reservations.create", because=InsufficientStock, lines=[chai, tea], partial=True)


def a_shipment_is_unpacked(warehouse: Service, berlin: Json) -> None:
    shipment = warehouse.makes("shipments", reservation_id=None)
    warehouse.does("cancel_shipment", shipment)
    warehouse.refuses("dispatch_shipment", shipment, because=InvalidState)


def goods_come_back(warehouse: Service, berlin: Json) -> None:
    chai = stocked(warehouse, berlin, on_hand=0)
    returned = warehouse.makes("returns", lines=[chai], location_id=berlin["id"], order_id=fresh("order"))
    warehouse.refuses("receive_return", returned, because=InvalidState)  # nobody has approved it
    warehouse.does("approve_return", returned)
    warehouse.does("receive_return", returned)
    warehouse.refuses("reject_return", returned, because=InvalidState)
    warehouse.makes("reservations", lines=[chai])
    unwanted = warehouse.makes("returns", order_id=fresh("order"))
    warehouse.does("reject_return", unwanted)
    warehouse.refuses("close_return", unwanted, because=InvalidState)
    warehouse.refuses("approve_return", unwanted, because=InvalidState)
    new_here = warehouse.makes(
        "returns",
        lines=[{"sku": fresh("sku"), "quantity": 1}],
        location_id=berlin["id"],
        order_id=fresh("order"),
    )
    warehouse.does("approve_return", new_here)
    warehouse.does("receive_return", new_here)
    warehouse.does("close_return", new_here)
    warehouse.refuses("refuse_return", new_here, because=InvalidState)


def some_of_what_was_sent_comes_back(warehouse: Service, berlin: Json) -> None:
    chai = stocked(warehouse, berlin)
    order = fresh("order")
    shipment = warehouse.makes("shipments", reservation_id=None, lines=[chai], order_id=order)
    warehouse.does("dispatch_shipment", shipment)
    back: Json = {"order_id": order, "lines": [{"sku": chai["sku"], "quantity": 8}]}
    warehouse.refuses(
        "returns.create", because=Conflict, order_id=order, lines=[{"sku": "never-sent", "quantity": 1}]
    )
    refused = warehouse.makes("returns", **back)
    warehouse.refuses("returns.create", because=Conflict, **back)  # eight of twelve are announced
    warehouse.does("refuse_return", refused, reason="Too late.")
    returned = warehouse.makes("returns", **back, location_id=None)
    came = {"sku": chai["sku"], "quantity": 5, "restocked": 2}
    warehouse.refuses("inspect_return", returned, because=InvalidState, lines=[came], location_id=None)
    warehouse.does("approve_return", returned)
    for wrong in ({"quantity": 9}, {"restocked": 6}, {"sku": "never-sent"}):
        lines = [{**came, **wrong}]
        warehouse.refuses("inspect_return", returned, because=InvalidInput, lines=lines, location_id=None)
    twice = [{**came, "quantity": 1, "restocked": 0}] * 2
    warehouse.refuses("inspect_return", returned, because=InvalidInput, lines=twice, location_id=None)
    warehouse.refuses("inspect_return", returned, because=InvalidInput, lines=[came], location_id="loc_none")
    warehouse.refuses("inspect_return", returned, because=InvalidState, lines=[came], location_id=None)
    found = warehouse.does("inspect_return", returned, lines=[came], location_id=berlin["id"])
    assert found["came_back"] == [{**came, "earlier": 0}]
    rest = warehouse.makes("returns", order_id=order, lines=[{"sku": chai["sku"], "quantity": 7}])
    warehouse.does("approve_return", rest)
    last = {**came, "quantity": 7, "restocked": 7}
    found = warehouse.does("inspect_return", rest, lines=[last], location_id=berlin["id"])
    assert found["came_back"] == [{**last, "earlier": 5}]


def equipment_is_handed_out_and_comes_back_once(warehouse: Service, berlin: Json) -> None:
    laptop: Json = {"sku": stocked(warehouse, berlin, on_hand=2)["sku"], "location_id": None}
    number = fresh("external_id")
    first = warehouse.makes("handouts", **laptop, external_id=number)
    warehouse.refuses("handouts.create", because=Conflict, **laptop, external_id=number)
    second = warehouse.makes("handouts", **laptop)
    warehouse.refuses("handouts.create", because=InsufficientStock, **laptop)
    assert warehouse.does("handouts.get", first) == first
    warehouse.does("handouts.find", limit=1)
    warehouse.does("handouts.changes", limit=1)
    warehouse.does("return_handout", first)
    warehouse.does("return_handout", first)  # it comes back once
    (level,) = warehouse.does("inventory.find", sku=laptop["sku"])["items"]
    assert level["on_hand"] == 1
    warehouse.refuses("write_off_handout", first, because=InvalidState)
    warehouse.does("write_off_handout", second)
    warehouse.refuses("return_handout", second, because=InvalidState)
