"""`alerts`: what holds now and should not, and who is told of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_line, write_table
from triptych.cli.reaching import with_operations

if TYPE_CHECKING:
    from triptych.operations.alerts.views import AlertList, AlertTested, SilenceList, SilenceView
    from triptych.operations.contract import Operations


def list_alerts(data: Data = None, json: Json = False) -> None:
    """List what holds now and should not, oldest first, and notices that no channel has taken yet."""

    async def work(operations: "Operations") -> "tuple[AlertList, SilenceList]":
        return await operations.alerts(), await operations.silences()

    found, silences = with_operations(settings_from(data=data), "alerts list", work)
    if json:
        write_json({**found.model_dump(mode="json"), "silences": silences.items})
        return
    rows = [
        (
            one.rule,
            one.about,
            one.severity,
            "silenced" if one.silenced else one.state,
            f"{one.since:%Y-%m-%d %H:%M:%S}",
            one.summary,
        )
        for one in found.items
    ]
    write_table(("rule", "about", "severity", "state", "since (UTC)", "what"), rows)
    for one in silences.items:
        write_line(f"{one.id}: silence of {one.rule} {one.about} until {one.until:%H:%M} UTC: {one.reason}")
    for notice in found.notices:
        write_line(
            f"{notice.id}: {notice.channel} has not taken it in {notice.attempts} tries. {notice.fault}"
        )


def silence(
    rule: Annotated[str, typer.Argument(help="The rule; * stands for anything in it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=43_200, help="For how long.")] = 60,
    about: Annotated[str, typer.Option("--about", help="Only what is about this; * for anything.")] = "*",
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell nobody of some alerts for a while. What still holds then is told."""

    async def work(operations: "Operations") -> "SilenceView":
        from triptych.operations.alerts.views import NewSilence

        return await operations.silence_alerts(
            NewSilence(rule=rule, about=about, minutes=minutes, reason=reason)
        )

    found = with_operations(settings_from(data=data), "alerts silence", work)
    if json:
        write_json(found)
    else:
        write_line(f"{found.id}: {rule} {about} is silent until {found.until:%Y-%m-%d %H:%M} UTC.")


def end_silence(
    silence_id: Annotated[str, typer.Argument(help="The silence's id, as `list` shows it.")],
    data: Data = None,
) -> None:
    """End a silence at once."""
    with_operations(settings_from(data=data), "alerts unsilence", lambda found: found.end_silence(silence_id))
    write_line(f"{silence_id} has ended.")


def try_channels(
    channel: Annotated[str | None, typer.Argument(help="One channel; by default all.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Send a test to a channel; `alerts list` shows what has not arrived, and why."""

    async def work(operations: "Operations") -> "AlertTested":
        from triptych.operations.alerts.views import AlertTest

        return await operations.test_alerts(AlertTest(channel=channel))

    found = with_operations(settings_from(data=data), "alerts test", work)
    if json:
        write_json(found)
    else:
        write_line("\n".join(f"{notice} is on its way." for notice in found.notices))
