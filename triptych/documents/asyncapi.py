"""The AsyncAPI 3.0 document of all events: one channel for each service that tells any."""

import inspect
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from triptych.canonical.base import Model
from triptych.contract import Api, EventType, events
from triptych.storage import Event

Document = dict[str, Any]
MEDIA = "application/cloudevents+json"


def document(contracts: Iterable[type[Api]]) -> Document:
    """What is told by these contracts, in CloudEvents' structured mode."""
    telling = [api.promised() for api in contracts if events(api)]
    kinds = [kind for api in telling for kind in events(api)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Triptych events",
            "version": "1.0.0",
            "description": "Everything that the services tell of, as CloudEvents 1.0. The type of an event "
            "ends in its version, and changes by addition only. Events of one subject are delivered in their "
            "order, each at least once: tell repeats apart by `id`.",
        },
        "defaultContentType": MEDIA,
        "channels": {api.name: _channel(api) for api in telling},
        "operations": {
            api.name: {
                "action": "send",
                "channel": {"$ref": f"#/channels/{api.name}"},
                "messages": [{"$ref": f"#/channels/{api.name}/messages/{kind.type}"} for kind in events(api)],
            }
            for api in telling
        },
        "components": {
            "messages": {kind.type: _message(kind) for kind in kinds},
            "schemas": _schemas(kinds),
        },
    }


def _channel(api: type[Api]) -> Document:
    about = (inspect.getdoc(api) or "").split("\n\n", 1)[0]
    return {
        "address": api.base_path(),
        "title": api.name,
        "description": f"Told by {api.name}: {about}",
        "messages": {kind.type: {"$ref": f"#/components/messages/{kind.type}"} for kind in events(api)},
        "x-owner": api.owner,
    }


def _message(kind: EventType[Any]) -> Document:
    return {
        "name": kind.type,
        "title": kind.name.replace("_", " ").capitalize(),
        "summary": kind.summary,
        "contentType": MEDIA,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Event"},
                {
                    "type": "object",
                    "required": ["type", "source", "subject", "data"],
                    "properties": {
                        "type": {"const": kind.type},
                        "source": {"const": kind.api.base_path()},
                        "subject": {"type": "string"},
                        "data": {"$ref": f"#/components/schemas/{kind.payload.__name__}"},
                    },
                },
            ]
        },
    }


def _schemas(kinds: Iterable[EventType[Any]]) -> Document:
    payloads: list[type[Model]] = list(dict.fromkeys([Event, *(kind.payload for kind in kinds)]))
    names = [model.__name__ for model in payloads]
    if len(set(names)) < len(names):
        raise TypeError(f"two payloads of events have one name: {sorted(names)}")
    _, made = models_json_schema(
        [(model, "serialization") for model in payloads], ref_template="#/components/schemas/{model}"
    )
    schemas: Document = made["$defs"]
    envelope: Document = schemas["Event"]
    envelope["properties"].pop("data")
    envelope.pop("additionalProperties")  # the data, and what CloudEvents may be extended by
    envelope["required"] = ["specversion", "id", "source", "type", "time", "datacontenttype"]
    return schemas
