"""A change that refuses what clients send is found, with its place and for whom."""

import pytest

from tests.triptych.documents.orders import CREATE, FIND, ORDERS, Change, changed, create, field, find, schema
from triptych.documents.breaking import BreakingChange, breaking_changes
from triptych.documents.shapes import UnreadableDocument

BREAKING: dict[str, tuple[Change, BreakingChange]] = {
    "an operation is removed": (
        lambda it: it["paths"]["/erp/v1/orders"].pop("get"),
        BreakingChange(FIND, "request", "the operation is gone", "every client that calls it"),
    ),
    "an operation is renamed": (
        lambda it: find(it).update(operationId="orders_list"),
        BreakingChange(
            FIND,
            "request",
            "its operationId is now orders_list, was orders_find",
            "clients generated from the document",
        ),
    ),
    "a scope is tightened": (
        lambda it: find(it).update(security=[{"oauth2": ["erp:read", "pii:read"]}]),
        BreakingChange(
            FIND, "request", "it now asks for erp:read pii:read", "clients that come with erp:read"
        ),
    ),
    "a parameter is removed": (
        lambda it: find(it)["parameters"].pop(0),
        BreakingChange(
            FIND, "request", "the query parameter `limit` is no longer accepted", "clients that send it"
        ),
    ),
    "a required parameter is added": (
        lambda it: find(it)["parameters"].append({"name": "shop", "in": "query", "required": True}),
        BreakingChange(
            FIND, "request", "the query parameter `shop` is now required", "clients that do not send it"
        ),
    ),
    "a parameter becomes required": (
        lambda it: find(it)["parameters"][1].update(required=True),
        BreakingChange(
            FIND,
            "request",
            "the header parameter `X-Request-Id` is now required",
            "clients that do not send it",
        ),
    ),
    "a parameter's limit is narrowed": (
        lambda it: find(it)["parameters"][0]["schema"].update(maximum=100),
        BreakingChange(
            FIND,
            "request",
            "the query parameter `limit` now has maximum 100 (was 200)",
            "clients that send other values",
        ),
    ),
    "a parameter's default changes": (
        lambda it: find(it)["parameters"][0]["schema"].update(default=20),
        BreakingChange(
            FIND,
            "request",
            "the query parameter `limit`, when left out, no longer means 50",
            "clients that leave it out",
        ),
    ),
    "a body becomes required": (
        lambda it: it["paths"]["/erp/v1/orders/{id}"]["delete"].update(requestBody={"required": True}),
        BreakingChange(
            "DELETE /erp/v1/orders/{id}", "request", "a body is now required", "clients that send none"
        ),
    ),
    "a body is no longer read": (
        lambda it: create(it).pop("requestBody"),
        BreakingChange(CREATE, "request", "the body is no longer read", "clients that send one"),
    ),
    "a media type of a request is removed": (
        lambda it: create(it)["requestBody"].update(content={"text/csv": {}}),
        BreakingChange(CREATE, "request", "application/json is gone", "clients that send it"),
    ),
    "a request's property becomes required": (
        lambda it: schema(it, "NewOrder").update(required=["lines", "note"]),
        BreakingChange(CREATE, "request", "`note` is now required", "clients that do not send it"),
    ),
    "a required property is added to a request": (
        lambda it: schema(it, "Line").update(
            required=["sku", "quantity", "unit"],
            properties={**schema(it, "Line")["properties"], "unit": {"type": "string"}},
        ),
        BreakingChange(CREATE, "request", "`lines[].unit` is now required", "clients that do not send it"),
    ),
    "a request's property is removed": (
        lambda it: schema(it, "NewOrder")["properties"].pop("note"),
        BreakingChange(CREATE, "request", "`note` is no longer accepted", "clients that send it"),
    ),
    "a request's property changes its type": (
        lambda it: field(it, "Line", "quantity").update(type="string"),
        BreakingChange(
            CREATE,
            "request",
            "`lines[].quantity` no longer takes integer",
            "clients that send integer there",
        ),
    ),
    "a request's property no longer takes null": (
        lambda it: field(it, "NewOrder", "note").update(anyOf=[{"type": "string", "maxLength": 200}]),
        BreakingChange(CREATE, "request", "`note` no longer takes null", "clients that send null there"),
    ),
    "a request's enumeration is narrowed": (
        lambda it: field(it, "NewOrder", "channel").update(enum=["web"]),
        BreakingChange(
            CREATE, "request", '`channel` no longer takes "partner"', 'clients that send "partner"'
        ),
    ),
    "a request's limit is narrowed": (
        lambda it: field(it, "NewOrder", "lines").update(maxItems=50),
        BreakingChange(
            CREATE, "request", "`lines` now has maxItems 50 (was 100)", "clients that send other values"
        ),
    ),
    "a request's value must now match a pattern": (
        lambda it: field(it, "Line", "sku").update(pattern="^[A-Z]+$"),
        BreakingChange(
            CREATE, "request", '`lines[].sku` now has pattern "^[A-Z]+$"', "clients that send other values"
        ),
    ),
    "a request's value must now have a format": (
        lambda it: field(it, "Line", "sku").update(format="uuid"),
        BreakingChange(
            CREATE, "request", "`lines[].sku` must now be of the format uuid", "clients that send another"
        ),
    ),
    "a request's default changes": (
        lambda it: field(it, "NewOrder", "channel").update(default="partner"),
        BreakingChange(
            CREATE,
            "request",
            '`channel`, when left out, no longer means "web"',
            "clients that leave it out",
        ),
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_break_is_found_with_its_place_and_for_whom(name: str):
    change, expected = BREAKING[name]
    assert breaking_changes(ORDERS, changed(change)) == [expected]


def test_a_reference_that_leads_nowhere_is_named():
    new = changed(lambda it: it["components"]["schemas"].pop("Line"))
    with pytest.raises(UnreadableDocument, match="#/components/schemas/Line points to nothing"):
        breaking_changes(ORDERS, new)


def test_a_reference_out_of_the_document_is_refused():
    new = changed(lambda it: it["components"]["schemas"].update(Line={"$ref": "lines.yaml#/Line"}))
    with pytest.raises(UnreadableDocument, match=r"lines\.yaml#/Line points outside"):
        breaking_changes(ORDERS, new)
