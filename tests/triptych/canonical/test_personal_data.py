"""Personal data is marked, so that masking, export and erasure can follow from the models."""

from collections.abc import Mapping

from triptych.canonical.base import Model, personal_fields

PERSONAL_WORDS = {
    *["name", "email", "phone", "fax", "line1", "line2", "postal", "birth", "tax", "session"],
    *["notes", "author", "assignee", "extensions"],
}

NOT_PERSONAL = {
    "Supplier.name": "a firm",
    "Product.name": "a product",
    "CatalogueItem.name": "a product",
    "OrderLine.name": "a product",
    "CartLine.name": "a product",
    "Location.name": "a warehouse",
    "Group.name": "a group of accounts",
    "Audience.name": "a mailing list",
    "Campaign.name": "a mailing",
    "Product.tax_rate": "a rate",
    "PurchaseOrder.notes": "what a supplier's firm should know",
    "Comment.author_kind": "customer or staff, and not who",
}
"""Fields that sound personal: of which entity or part, and what they tell of instead."""


def noun(model: type[Model]) -> str:
    """The entity or part that a model belongs to: `Order` of NewOrder, OrderTerms and OrderFilter."""
    return model.__name__.removeprefix("New").removesuffix("Terms").removesuffix("Filter")


def test_what_sounds_personal_is_marked(model: type[Model]) -> None:
    for name in model.model_fields:
        if PERSONAL_WORDS & set(name.split("_")) and f"{noun(model)}.{name}" not in NOT_PERSONAL:
            assert name in personal_fields(model), f"{model.__name__}.{name} is not marked Personal()"


def test_no_exemption_is_left_over(models: Mapping[str, type[Model]]) -> None:
    for exemption in NOT_PERSONAL:
        entity, _, field = exemption.partition(".")
        assert field in models[entity].model_fields
        assert field not in personal_fields(models[entity])


def test_personal_fields_are_found_inside_unions_and_annotations(models: Mapping[str, type[Model]]) -> None:
    assert personal_fields(models["Contact"]) == {"name", "email", "phone", "fax"}
    assert "birth_date" in personal_fields(models["Employee"])
    assert "status" not in personal_fields(models["Customer"])


def test_the_mark_is_seen_in_the_published_schema(models: Mapping[str, type[Model]]) -> None:
    properties = models["Customer"].model_json_schema()["properties"]

    assert properties["name"]["x-personal"] is True
    assert properties["email"]["anyOf"][0]["x-personal"] is True
    assert properties["extensions"]["x-personal"] is True
    assert "x-personal" not in properties["status"]
