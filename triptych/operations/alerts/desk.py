"""What operators see of alerts, and do about them."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from dotenv import dotenv_values
from sqlalchemy import Row

from triptych.calling.outside import Outside
from triptych.operations.alerts.ledger import AlertLedger
from triptych.operations.alerts.measuring import Measures
from triptych.operations.alerts.notices import Notice
from triptych.operations.alerts.rules import Rules, default_rules, read_rules
from triptych.operations.alerts.telling import Teller
from triptych.operations.alerts.views import (
    AlertList,
    AlertTest,
    AlertTested,
    AlertView,
    NewSilence,
    SilenceList,
    SilenceView,
    WaitingNotice,
)
from triptych.operations.alerts.watch import Watch
from triptych.problems import InvalidInput, NotFound
from triptych.settings import ENV_FILE, Settings
from triptych.storage import Database


def rules_of(settings: Settings) -> Rules:
    """The rules that are set. Raises MappingError, naming every mistake; OSError for want of the file."""
    if settings.alerts is None:
        return default_rules()
    text = settings.alerts.read_text(encoding="utf-8")
    return read_rules(settings.alerts, text, allow_private=settings.allow_private_addresses)


def watch_of(settings: Settings, measures: Measures, database: Database) -> Watch:
    """What watches by the rules that are set. Raises as `rules_of`."""
    secrets = {**dotenv_values(ENV_FILE), **os.environ}
    teller = Teller(
        settings,
        {name: value for name, value in secrets.items() if value is not None},
        Outside(allow_private=settings.allow_private_addresses),
    )
    return Watch(rules_of(settings), measures, AlertLedger(database), teller)


class AlertDesk:
    """Alerts, silences and tests."""

    def __init__(self, watch: Watch) -> None:
        self._rules = watch.rules
        self._ledger = watch.ledger

    async def alerts(self) -> AlertList:
        """What holds now, and what is still to be told."""
        found = [_alert(row, silenced) for row, silenced in await self._ledger.alerts()]
        waiting = [_notice(row) for row in await self._ledger.waiting()]
        return AlertList(items=tuple(found), notices=tuple(waiting))

    async def silences(self) -> SilenceList:
        """Those that hold."""
        return SilenceList(items=tuple(map(_silence, await self._ledger.silences())))

    async def silence(self, new: NewSilence, actor: str) -> SilenceView:
        """Tell nobody for a while."""
        until = datetime.now(UTC) + timedelta(minutes=new.minutes)
        return _silence(await self._ledger.silence(new.rule, new.about, until, new.reason, actor))

    async def unsilence(self, silence_id: str) -> None:
        """End a silence. Raises NotFound."""
        if not await self._ledger.unsilence(silence_id):
            raise NotFound(f"There is no silence {silence_id!r}.")

    async def test(self, test: AlertTest) -> AlertTested:
        """Send a test on its way. Raises InvalidInput for a channel that there is not."""
        names = [channel.name for channel in self._rules.channels]
        if test.channel is not None and test.channel not in names:
            raise InvalidInput.at("/channel", f"there is no such channel; there are {', '.join(names)}")
        now = datetime.now(UTC)
        notices = [Notice.test(name, now) for name in ([test.channel] if test.channel else names)]
        for notice in notices:
            await self._ledger.post(notice)
        return AlertTested(notices=tuple(notice.id for notice in notices))


def _alert(row: Row[Any], silenced: bool) -> AlertView:
    return AlertView(
        rule=row.rule,
        about=row.about,
        severity=row.severity,
        state=row.state,
        summary=row.summary,
        value=row.value,
        since=row.since,
        silenced=silenced,
        told_at=row.told_at,
    )


def _notice(row: Row[Any]) -> WaitingNotice:
    return WaitingNotice(
        id=row.id,
        channel=row.channel,
        made_at=row.made_at,
        due_at=row.due_at,
        attempts=row.attempts,
        fault=row.fault,
    )


def _silence(row: Row[Any]) -> SilenceView:
    return SilenceView(
        id=row.id, rule=row.rule, about=row.about, until=row.until, reason=row.reason, actor=row.actor
    )
