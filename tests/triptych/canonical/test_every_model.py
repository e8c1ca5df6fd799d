"""What holds for every canonical model, read from the models themselves."""

import copy
import json
import pickle
import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import jsonschema
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from triptych.canonical.base import Entity, Extensions, Model, New, the_example
from triptych.contract.values import Filter

NOUNS = [
    *["Customer", "Lead", "Supplier", "Quote", "Order", "Product", "CatalogueItem", "Cart", "WebOrder"],
    *["Listing", "MarketplaceOrder", "PurchaseOrder", "GoodsReceipt", "Location", "InventoryLevel"],
    *["Reservation", "Shipment", "Return", "Invoice", "Payment", "Refund", "Ticket", "Comment"],
    *["Message", "Audience", "AudienceMember", "Consent", "Campaign", "Mailing"],
    *["Inquiry", "SalesRep", "BillingAccount"],
    *["Employee", "Position", "OnboardingTask", "SupplierInvoice", "OutgoingPayment"],
    *["Offer", "EmploymentChange", "Leaving", "Erasure", "Account", "Group", "Handout"],
]
PARTS = [
    *["Address", "Contact", "Price", "Money", "CartLine"],
    *["OrderLine", "NewOrderLine", "StockLine", "ReceiptLine", "ReservedLine"],
]

Models = Mapping[str, type[Model]]


# --- the rooms of a noun ---


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_is_an_entity_with_what_can_be_given_and_a_filter(noun: str, models: Models) -> None:
    assert issubclass(models[noun], Entity)
    assert issubclass(models[f"New{noun}"], New)
    assert not issubclass(models[f"New{noun}"], Entity)
    assert issubclass(models[f"{noun}Filter"], Filter)


def test_there_are_no_nouns_but_those_listed(models: Models) -> None:
    found = [name for name, model in models.items() if issubclass(model, Entity) and model is not Entity]

    assert sorted(found) == sorted(NOUNS)
    assert set(PARTS) <= set(models)


@pytest.mark.parametrize("noun", NOUNS)
def test_what_can_be_given_is_kept_under_the_same_names(noun: str, models: Models) -> None:
    assert set(models[f"New{noun}"].model_fields) <= set(models[noun].model_fields)


@pytest.mark.parametrize("noun", NOUNS)
def test_identity_state_and_totals_cannot_be_given(noun: str, models: Models) -> None:
    ours = {"id", "version", "created_at", "updated_at", "status", "subtotal", "total", "merged_into"}

    assert not ours & set(models[f"New{noun}"].model_fields)


def test_the_id_comes_first_and_its_prefix_is_its_own(entity: type[Entity], models: Models) -> None:
    prefixes = [other.prefix for other in models.values() if issubclass(other, Entity)]

    assert next(iter(entity.model_fields)) == "id"
    assert entity.prefix
    assert prefixes.count(entity.prefix) == 1


def test_the_schema_says_the_prefix_and_the_version_of_the_shape(entity: type[Entity]) -> None:
    schema = entity.model_json_schema()

    assert schema["x-id-prefix"] == entity.prefix
    assert schema["x-schema-version"] == entity.schema_version >= 1


# --- frozen all the way down ---

EXTENSIONS = get_args(Extensions)[0]
UNCHANGEABLE = (str, int, bool, float, Decimal, datetime, date, types.NoneType, Enum)


def changeable_parts(annotation: Any) -> Iterator[Any]:
    """What in an annotation could be changed in place."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from changeable_parts(get_args(annotation)[0])
    elif origin in (Union, types.UnionType, tuple):
        for part in get_args(annotation):
            if part is not Ellipsis:
                yield from changeable_parts(part)
    elif origin is Literal:
        return
    elif not (isinstance(annotation, type) and issubclass(annotation, (*UNCHANGEABLE, Model))):
        yield annotation


def test_no_model_has_a_part_that_can_be_changed_in_place(model: type[Model]) -> None:
    assert model.model_config.get("frozen")
    for name, field in model.model_fields.items():
        if field.annotation == EXTENSIONS:
            continue  # frozen by its validator, see test_base
        changeable = list(changeable_parts(field.rebuild_annotation()))
        assert not changeable, f"{model.__name__}.{name} holds {changeable}; use tuple, or Extensions"


@pytest.mark.parametrize("annotation", [list[str], dict[str, int], set[int], tuple[list[int], ...], Any])
def test_the_walk_finds_what_can_be_changed(annotation: Any) -> None:
    assert list(changeable_parts(annotation))


def test_a_field_cannot_be_set(shown_model: type[Model]) -> None:
    made = shown_model.model_validate(the_example(shown_model))

    for name in shown_model.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(made, name, getattr(made, name))


def test_an_instance_can_be_hashed_copied_and_pickled(shown_model: type[Model]) -> None:
    unknown = {"extensions": {"crm": {"tags": ["a"]}}} if "extensions" in shown_model.model_fields else {}
    made = shown_model.model_validate({**the_example(shown_model), **unknown})

    for twin in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert twin == made
        assert hash(twin) == hash(made)


# --- examples and documentation ---


def test_the_example_survives_the_wire(shown_model: type[Model]) -> None:
    document = the_example(shown_model)

    made = shown_model.model_validate_json(json.dumps(document))

    assert shown_model.model_validate_json(made.model_dump_json(), strict=True) == made
    assert shown_model.model_validate(made.model_dump()) == made
    assert as_far_as_said(json.loads(made.model_dump_json()), document) == document


def as_far_as_said(written: Any, said: Any) -> Any:
    """What was written, without what the example leaves to its default."""
    if isinstance(said, dict):
        fields = cast("dict[str, Any]", said)
        return {key: as_far_as_said(written[key], value) for key, value in fields.items()}
    if isinstance(said, list):
        return [as_far_as_said(*pair) for pair in zip(written, cast("list[Any]", said), strict=True)]
    return written


def test_the_example_fits_the_published_schema(shown_model: type[Model]) -> None:
    for mode in ("validation", "serialization"):
        schema = shown_model.model_json_schema(mode=mode)
        jsonschema.validate(the_example(shown_model), schema, Draft202012Validator)


def test_an_unknown_field_is_refused_by_name(shown_model: type[Model]) -> None:
    with pytest.raises(ValidationError) as refused:
        shown_model.model_validate({**the_example(shown_model), "colour": "red"})

    assert [error["loc"] for error in refused.value.errors()] == [("colour",)]


def test_every_model_and_field_says_what_it_is(documented_model: type[Model]) -> None:
    assert documented_model.__doc__
    published = documented_model.model_json_schema().get("properties", {})
    for name in documented_model.model_fields:
        assert published[name].get("description"), f"{documented_model.__name__}.{name} has no docstring"
