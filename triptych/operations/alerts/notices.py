"""What is told: everything that changed in one round, for one channel, in one notice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from triptych.ids import new_id


@dataclass(frozen=True, slots=True)
class Told:
    """One alert, as it is told."""

    rule: str
    about: str
    severity: str
    summary: str
    value: float
    since: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. Its id is the same in every try, so that who gets it twice can tell."""

    id: str
    channel: str
    body: str
    """JSON: `{type, timestamp, data: {firing, resolved}}`, as Standard Webhooks has it."""
    made_at: datetime
    attempts: int = 0

    @classmethod
    def of(cls, channel: str, firing: Sequence[Told], resolved: Sequence[Told], now: datetime) -> "Notice":
        """What changed."""
        data = {"firing": [asdict(one) for one in firing], "resolved": [asdict(one) for one in resolved]}
        return cls._made(channel, "triptych.alerts.changed.v1", data, now)

    @classmethod
    def test(cls, channel: str, now: datetime) -> "Notice":
        """A notice that only shows whether notices arrive."""
        return cls._made(channel, "triptych.alerts.test.v1", {"firing": [], "resolved": []}, now)

    @classmethod
    def _made(cls, channel: str, type: str, data: object, now: datetime) -> "Notice":
        body = orjson.dumps({"type": type, "timestamp": now, "data": data}).decode()
        return cls(new_id("not"), channel, body, now)

    def said(self) -> tuple[str, str]:
        """A subject and a text for people."""
        document: dict[str, Any] = orjson.loads(self.body)
        firing, resolved = document["data"]["firing"], document["data"]["resolved"]
        lines = [_line(one["severity"], one) for one in firing] + [_line("resolved", one) for one in resolved]
        if not lines:
            return "Triptych: a test", "Alerts arrive here."
        parts = [
            f"{len(found)} {what}" for found, what in ((firing, "firing"), (resolved, "resolved")) if found
        ]
        first = (firing or resolved)[0]["rule"]
        return f"Triptych: {', '.join(parts)} ({first})", "\n".join(lines)


def _line(state: str, one: dict[str, Any]) -> str:
    about = f" {one['about']}" if one["about"] else ""
    return f"[{state}] {one['rule']}{about}: {one['summary']} (since {one['since']})"
