"""What documents say of fields is what their docstrings say."""

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import Field, TypeAdapter, create_model

from triptych.canonical.base import Model
from triptych.canonical.docstrings import field_docstrings
from triptych.contract.values import Changes, Patch


class Bean(Model):
    """A bean."""

    variety: str
    """What kind it is: `arabica`,
    or another one.
    """
    altitude: int | None = None
    """Metres above the sea."""
    grower: str = Field(default="", description="Who grew it.")
    """Not shown: the field describes itself."""
    unsaid: int = 0
    weight: float = Field(default=0, alias="weightGrams")
    """In grams."""
    "Not of a field."


class Roast(Bean):
    """A roasted bean."""

    altitude: int | None = None
    grower: str = ""
    """Who roasted it."""

    class Batch(Model):
        """Many of them."""

        size: int
        """How many."""


def shown(kind: Any) -> dict[str, str]:
    """What the schema of a model says of each of its fields."""
    properties = TypeAdapter[Any](kind).json_schema()["properties"]
    return {name: field["description"] for name, field in properties.items() if "description" in field}


def test_a_schema_shows_the_docstring_of_each_field_unless_it_describes_itself() -> None:
    assert shown(Bean) == {
        "variety": "What kind it is: `arabica`,\nor another one.",
        "altitude": "Metres above the sea.",
        "grower": "Who grew it.",
        "weightGrams": "In grams.",
    }


def test_a_field_that_is_declared_again_is_only_what_it_says_there() -> None:
    assert shown(Roast) == {
        "variety": "What kind it is: `arabica`,\nor another one.",
        "grower": "Who roasted it.",
        "weightGrams": "In grams.",
    }


def test_classes_within_classes_and_functions_have_docstrings_too() -> None:
    class Cup(Model):
        """A cup."""

        size: int
        """In millilitres."""

    assert shown(Roast.Batch) == {"size": "How many."}
    assert shown(Cup) == {"size": "In millilitres."}


def test_a_patch_says_of_its_fields_what_they_are() -> None:
    assert shown(Patch[Roast.Batch]) == {"size": "How many."}


def test_a_generic_model_says_what_it_says_without_its_arguments() -> None:
    assert shown(Changes[Bean]) == {"more": "Whether a further call would bring more at once."}


@pytest.mark.parametrize("module", [None, "sys", "a_module_that_is_not_there"])
def test_a_model_without_source_has_no_docstrings(module: str | None) -> None:
    made = create_model("Made", __base__=Model, __module__=module or __name__, size=(int, ...))

    assert field_docstrings(made) == {}


def test_pydantic_says_the_same_when_it_reads_them_itself() -> None:
    class Reading(Bean, use_attribute_docstrings=True):
        origin: str = ""
        """Where it grew."""
        altitude: int | None = None

    ours = {**field_docstrings(Reading), "grower": "Who grew it."}
    its = {name: info.description for name, info in Reading.model_fields.items() if info.description}

    assert its == {"origin": "Where it grew."} | {"grower": "Who grew it."}
    assert {name: ours[name] for name in its} == its
    assert "altitude" not in ours


def test_fastapi_shows_them_as_well() -> None:
    app = FastAPI()

    @app.post("/beans")
    async def _make(bean: Bean) -> None: ...

    properties = app.openapi()["components"]["schemas"]["Bean"]["properties"]

    assert properties["altitude"]["description"] == "Metres above the sea."
