"""One published contract, small enough to read, and ways to change it."""

import copy
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Change = Callable[[Document], Any]

ORDERS: Document = {
    "openapi": "3.1.0",
    "info": {"title": "Erp", "version": "1.0"},
    "paths": {
        "/erp/v1/orders": {
            "get": {
                "operationId": "orders_find",
                "security": [{"oauth2": ["erp:read"]}],
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {"type": "integer", "maximum": 200, "default": 50},
                    },
                    {"name": "X-Request-Id", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {
                        "headers": {"Link": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}},
                    },
                    "404": {"description": "There is none."},
                },
            },
            "post": {
                "operationId": "orders_create",
                "security": [{"oauth2": ["erp:write"]}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewOrder"}}},
                },
                "responses": {
                    "201": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}
                    }
                },
            },
        },
        "/erp/v1/orders/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "delete": {"operationId": "orders_delete", "responses": {"204": {"description": "Done."}}},
        },
    },
    "components": {
        "schemas": {
            "NewOrder": {
                "type": "object",
                "additionalProperties": False,
                "required": ["lines"],
                "properties": {
                    "lines": {
                        "type": "array",
                        "maxItems": 100,
                        "items": {"$ref": "#/components/schemas/Line"},
                    },
                    "channel": {"enum": ["web", "partner"], "type": "string", "default": "web"},
                    "note": {"anyOf": [{"type": "string", "maxLength": 200}, {"type": "null"}]},
                },
            },
            "Line": {
                "type": "object",
                "required": ["sku", "quantity"],
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
            },
            "Order": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "status", "placed_at"],
                "properties": {
                    "id": {"type": "string"},
                    "status": {"$ref": "#/components/schemas/Status"},
                    "placed_at": {"type": "string", "format": "date-time"},
                    "note": {"type": "string", "maxLength": 200, "default": ""},
                    "replaces": {"anyOf": [{"$ref": "#/components/schemas/Order"}, {"type": "null"}]},
                },
            },
            "Status": {"enum": ["open", "shipped"], "type": "string"},
            "Page": {
                "type": "object",
                "required": ["items"],
                "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}},
            },
        }
    },
}

FIND, CREATE = "GET /erp/v1/orders", "POST /erp/v1/orders"


def changed(change: Change) -> Document:
    document = copy.deepcopy(ORDERS)
    change(document)
    return document


def find(document: Document) -> Document:
    return document["paths"]["/erp/v1/orders"]["get"]


def create(document: Document) -> Document:
    return document["paths"]["/erp/v1/orders"]["post"]


def schema(document: Document, name: str) -> Document:
    return document["components"]["schemas"][name]


def field(document: Document, name: str, field: str) -> Document:
    return schema(document, name)["properties"][field]
