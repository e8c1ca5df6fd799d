"""Customer-360: whoever asks after a customer sees them whole."""

from tests.contracts.asking import Services
from tests.contracts.scenarios.supplies import somebody


def story(services: Services) -> None:
    alfred, alfreds = somebody(services), somebody(services)
    services["support"].makes("tickets", customer_id=alfreds["id"])
    services["crm"].does("merge_customer", alfred, into=alfreds["id"])
    view = services["customer-360"].does("view", alfred, origins=True)
    assert view["customer"]["id"] == alfreds["id"]
    assert [ticket["customer_id"] for ticket in view["tickets"]] == [alfreds["id"]]
