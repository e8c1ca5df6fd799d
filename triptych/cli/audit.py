"""`audit`: what was done through the gateway, and whether that record is whole."""

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.exits import CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_line
from triptych.cli.reaching import with_control

if TYPE_CHECKING:
    from triptych.running.control import AuditFinding, Control

Kept = Annotated[
    str, typer.Option("--kept", help="The head that an earlier run told, kept out of reach of this machine.")
]


def verify(kept: Kept = "", data: Data = None, json: Json = False) -> None:
    """Walk along the audit log, and name the first record that was changed, left out or cut off.

    Keep the head that it tells elsewhere, and name it the next time: it shows when somebody has put the whole
    database back to an earlier state.
    """

    async def work(control: "Control") -> "AuditFinding":
        return await control.verify_audit(kept)

    found = with_control(settings_from(data=data), "audit verify", work)
    if json:
        write_json(found)
    else:
        write_line(f"sound  {found.records} records\nhead   {found.head}")
    if found.reason:
        raise CommandError(f"Record {found.sequence}: {found.reason}.")
