"""What is known of alerts: which hold, which are silenced, and what is still to be told of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from triptych.ids import new_id
from triptych.operations.alerts.measuring import Finding
from triptych.operations.alerts.notices import Notice, Told
from triptych.operations.alerts.rules import Rule, Rules
from triptych.operations.alerts.tables import ALERTS, NOTICES, SILENCES
from triptych.storage import Database

Findings = Mapping[Rule, Sequence[Finding]]
GIVEN_UP = timedelta(days=3)
"""How long a notice is tried."""
LONGEST = timedelta(hours=1)
"""The longest pause between two tries."""


@dataclass(slots=True)
class _News:
    """What one channel is to be told after a round."""

    firing: list[Told] = field(default_factory=list[Told])
    resolved: list[Told] = field(default_factory=list[Told])


class AlertLedger:
    """Alerts, silences and notices in the operations service's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def round(self, rules: Rules, findings: Findings, now: datetime) -> None:
        """Take in what a look has found: what began, what has lasted, what is over; and what is to be told.

        One transaction, and one replica at a time: what changes is told if and only if it is kept.
        """
        async with self._database.write() as connection:
            await self._database.only_one("alerts")
            await connection.execute(delete(SILENCES).where(SILENCES.c.until <= now))
            silences = (await connection.execute(select(SILENCES))).all()
            known = {(row.rule, row.about): row for row in (await connection.execute(select(ALERTS))).all()}
            news: defaultdict[str, _News] = defaultdict(_News)
            for rule, found in findings.items():
                for finding in found:
                    before = known.pop((rule.name, finding.about), None)
                    told = await self._holds(connection, rules, rule, finding, before, silences, now)
                    if told:
                        for channel in rules.channels_of(rule):
                            news[channel].firing.append(told)
            rest = {rule.name: rule for rule in rules.rules if rule not in findings}
            for row in known.values():
                if row.rule not in rest:  # or it could not be measured this time
                    told = await self._is_over(connection, row)
                    rule = next((rule for rule in findings if rule.name == row.rule), None)
                    if told and rule:
                        for channel in rules.channels_of(rule):
                            news[channel].resolved.append(told)
            for channel, changed in news.items():
                await self._post(connection, Notice.of(channel, changed.firing, changed.resolved, now))

    async def _is_over(self, connection: AsyncConnection, row: Row[Any]) -> Told | None:
        """Forget what holds no more; what to tell of it, if anybody was told that it did."""
        this = (ALERTS.c.rule == row.rule, ALERTS.c.about == row.about)
        await connection.execute(delete(ALERTS).where(*this))
        if row.told_at is None:
            return None
        return Told(row.rule, row.about, row.severity, row.summary, row.value, row.since)

    async def _holds(
        self,
        connection: AsyncConnection,
        rules: Rules,
        rule: Rule,
        finding: Finding,
        before: Row[Any] | None,
        silences: Sequence[Row[Any]],
        now: datetime,
    ) -> Told | None:
        """Note that something holds; what to tell of it, if it is time."""
        since = before.since if before else now
        firing = (now - since).total_seconds() >= rule.lasting
        told_at = before.told_at if before else None
        due = told_at is None or (now - told_at).total_seconds() >= rules.repeat
        tells = firing and due and not _silenced(silences, rule.name, finding.about)
        values = {
            "rule": rule.name,
            "about": finding.about,
            "severity": rule.severity,
            "summary": finding.summary,
            "value": finding.value,
            "since": since,
            "state": "firing" if firing else "pending",
            "told_at": now if tells else told_at,
        }
        if before is None:
            await connection.execute(insert(ALERTS).values(values))
        else:
            this = (ALERTS.c.rule == rule.name, ALERTS.c.about == finding.about)
            await connection.execute(update(ALERTS).where(*this).values(values))
        if not tells:
            return None
        return Told(rule.name, finding.about, rule.severity, finding.summary, finding.value, since)

    async def alerts(self) -> Sequence[tuple[Row[Any], bool]]:
        """What holds now, oldest first, and whether each is silenced."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(ALERTS).order_by(ALERTS.c.since, ALERTS.c.rule))).all()
            silences = (await connection.execute(select(SILENCES))).all()
        now = datetime.now(UTC)
        good = [silence for silence in silences if silence.until > now]
        return [(row, _silenced(good, row.rule, row.about)) for row in rows]

    async def silence(self, rule: str, about: str, until: datetime, reason: str, actor: str) -> Row[Any]:
        """Tell nobody of what these patterns mean until then."""
        values = {
            "id": new_id("sil"),
            "rule": rule,
            "about": about,
            "until": until,
            "reason": reason,
            "actor": actor,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(SILENCES).values(values))
            return (await connection.execute(select(SILENCES).where(SILENCES.c.id == values["id"]))).one()

    async def silences(self) -> Sequence[Row[Any]]:
        """Those that hold, in the order in which they end."""
        wanted = select(SILENCES).where(SILENCES.c.until > datetime.now(UTC)).order_by(SILENCES.c.until)
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).all()

    async def unsilence(self, id: str) -> bool:
        """End a silence: whether there was one."""
        async with self._database.write() as connection:
            return bool((await connection.execute(delete(SILENCES).where(SILENCES.c.id == id))).rowcount)

    # --- notices ---

    async def post(self, notice: Notice) -> None:
        """Have something told, durably."""
        async with self._database.write() as connection:
            await self._post(connection, notice)

    async def _post(self, connection: AsyncConnection, notice: Notice) -> None:
        await connection.execute(
            insert(NOTICES).values(
                id=notice.id,
                channel=notice.channel,
                body=notice.body,
                made_at=notice.made_at,
                due_at=notice.made_at,
                attempts=0,
                fault="",
            )
        )

    async def claim(self, now: datetime, lease: timedelta) -> Notice | None:
        """The notice that is due longest, kept from other replicas for a moment; None where none is."""
        async with self._database.write() as connection:
            await self._database.only_one("alert notices")
            wanted = select(NOTICES).where(NOTICES.c.due_at <= now).order_by(NOTICES.c.due_at).limit(1)
            row = (await connection.execute(wanted)).first()
            if row is None:
                return None
            claimed = {"due_at": now + lease, "attempts": row.attempts + 1}
            await connection.execute(update(NOTICES).where(NOTICES.c.id == row.id).values(claimed))
        return Notice(row.id, row.channel, row.body, row.made_at, row.attempts + 1)

    async def taken(self, notice: Notice) -> None:
        """It was told."""
        async with self._database.write() as connection:
            await connection.execute(delete(NOTICES).where(NOTICES.c.id == notice.id))

    async def refused(self, notice: Notice, fault: str, now: datetime) -> bool:
        """It could not be told: whether it is tried again, after a pause that doubles."""
        again = now - notice.made_at < GIVEN_UP
        pause = min(LONGEST, timedelta(seconds=2.0 ** min(notice.attempts, 12)))
        async with self._database.write() as connection:
            this = NOTICES.c.id == notice.id
            if again:
                values = {"due_at": now + pause, "fault": fault[:500]}
                await connection.execute(update(NOTICES).where(this).values(values))
            else:
                await connection.execute(delete(NOTICES).where(this))
        return again

    async def waiting(self) -> Sequence[Row[Any]]:
        """Notices that are still to be told, oldest first."""
        async with self._database.read() as connection:
            return (await connection.execute(select(NOTICES).order_by(NOTICES.c.made_at))).all()


def _silenced(silences: Sequence[Row[Any]], rule: str, about: str) -> bool:
    return any(fnmatchcase(rule, found.rule) and fnmatchcase(about, found.about) for found in silences)
