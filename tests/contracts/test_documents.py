"""What a contract's OpenAPI document says of it."""

from datetime import date

from triptych.contract import Lifecycle, SystemApi, get
from triptych.serving.openapi import document

PLANNED = Lifecycle(
    deprecated_on=date(2031, 1, 1), sunset_on=date(2032, 1, 1), successor="/attic/v2", migration="/docs/attic"
)


class Attic(SystemApi, version=1, owner="tests", lifecycle=PLANNED):
    """What nobody needs any more."""

    @get("/boxes")
    async def boxes(self) -> list[str]:
        """All boxes."""
        ...


class Cellar(SystemApi, version=1, owner="tests"):
    """What keeps."""

    @get("/boxes")
    async def boxes(self) -> list[str]:
        """All boxes."""
        ...


def test_a_document_says_what_is_planned_and_so_the_same_on_every_day() -> None:
    assert document(Attic)["info"]["x-lifecycle"] == {
        "deprecated_on": "2031-01-01",
        "sunset_on": "2032-01-01",
        "successor": "/attic/v2",
        "migration": "/docs/attic",
    }
    assert document(Attic)["paths"]["/attic/v1/boxes"]["get"]["deprecated"] is True


def test_nothing_is_said_of_a_lifecycle_that_nobody_has_planned() -> None:
    assert "x-lifecycle" not in document(Cellar)["info"]
    assert "deprecated" not in document(Cellar)["paths"]["/cellar/v1/boxes"]["get"]
