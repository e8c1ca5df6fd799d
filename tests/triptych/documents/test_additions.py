"""A contract may grow: what only adds breaks nobody."""

import pytest

from tests.triptych.documents.orders import ORDERS, Change, changed, field, find, schema
from triptych.documents.breaking import breaking_changes

ADDITIVE: dict[str, Change] = {
    "a description": lambda it: find(it).update(description="Better words."),
    "an operation": lambda it: it["paths"].update({"/erp/v1/returns": {"get": {"responses": {}}}}),
    "an optional parameter": lambda it: find(it)["parameters"].append({"name": "shop", "in": "query"}),
    "a wider limit": lambda it: find(it)["parameters"][0]["schema"].update(maximum=500),
    "an optional property of a request": lambda it: schema(it, "NewOrder")["properties"].update(gift={}),
    "a value that a request may take": lambda it: field(it, "NewOrder", "channel")["enum"].append("shop"),
    "a request's property that need not be sent any more": lambda it: schema(it, "Line").update(
        required=["sku"]
    ),
    "a wider type in a request": lambda it: field(it, "Line", "quantity").update(type="number"),
    "a property of a response": lambda it: schema(it, "Order")["properties"].update(
        total={"type": "integer"}
    ),
    "a longer text in a response": lambda it: field(it, "Order", "note").update(maxLength=2000),
    "one value less in a response": lambda it: schema(it, "Status").update(enum=["open"]),
    "a response that is always there": lambda it: schema(it, "Page").update(required=["items"]),
    "an error status": lambda it: find(it)["responses"].update({"409": {"description": "Taken."}}),
    "another name for a path parameter": lambda it: it["paths"].update(
        {
            "/erp/v1/orders/{order_id}": {
                **it["paths"].pop("/erp/v1/orders/{id}"),
                "parameters": [
                    {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
            }
        }
    ),
    "another way to be let in": lambda it: find(it)["security"].append({"oauth2": ["erp:admin"]}),
    "one scope less": lambda it: find(it).update(security=[{"oauth2": []}]),
    "the same schema by another name": lambda it: it["components"]["schemas"].update(
        Item=schema(it, "Line"), Line={"$ref": "#/components/schemas/Item"}
    ),
}


@pytest.mark.parametrize("name", ADDITIVE)
def test_what_only_adds_breaks_nobody(name: str):
    assert breaking_changes(ORDERS, changed(ADDITIVE[name])) == []
