"""Options that several commands have, and the settings that follow from them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from triptych.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder with the data; by default TRIPTYCH_DATA, or var.")
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def settings_from(**flags: Any) -> "Settings":
    """The settings, a flag that was given going before environment, file and default."""
    from triptych.settings import Settings

    return Settings(**{name: value for name, value in flags.items() if value is not None})
