"""What each kind of rule measures, and whether it is too much."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from triptych.engine import ProcessEngine
from triptych.engine.letters import LetterQuery
from triptych.engine.versions import REMEDY
from triptych.operations.alerts.rules import FEWEST, Rule
from triptych.operations.gauges import OperationsGauges
from triptych.operations.sources import LetterSource
from triptych.operations.vitals import Calls, Vitals


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a rule found too much."""

    about: str
    """What it is about: a service, a flow, a pair of services; empty for everything."""
    value: float
    summary: str
    """In a sentence."""


class Measures:
    """Measures what rules ask for, over the engine, all dead letters, and the vitals of this process."""

    def __init__(
        self, engine: ProcessEngine, letters: Callable[[], Sequence[LetterSource]], vitals: Vitals
    ) -> None:
        self._engine = engine
        self._sources = letters
        self._vitals = vitals
        self._gauges = OperationsGauges()
        vitals.show(self._gauges)
        self._history: deque[tuple[float, dict[str, Calls]]] = deque(maxlen=2_000)

    async def look(self) -> None:
        """Remember how many calls there have been by now, to tell rates; show the books in the metrics."""
        self._history.append((time.monotonic(), self._vitals.calls()))
        self._gauges.show(await self._engine.accounts())

    async def of(self, rule: Rule) -> Sequence[Finding]:
        """What a rule finds too much at this moment."""
        match rule.kind:
            case "dead-letters" | "oldest-dead-letter":
                return await self._letters(rule)
            case "error-rate" | "latency":
                return self._rates(rule)
            case "circuit-open":
                return [
                    Finding(
                        f"{service} → {target}", 1, f"{service} does not call {target}, which keeps failing"
                    )
                    for service, target in self._vitals.open_circuits()
                    if rule.service in ("", service, target)
                ]
            case "stale-feed":
                return [
                    Finding(service, age, f"the oldest event of {service} waits for {age:.0f} s")
                    for service, age in (await self._vitals.feeds()).items()
                    if age > rule.above and rule.service in ("", service)
                ]
            case "imbalance":
                return await self._books(rule)
            case "stranded":
                return [
                    Finding(
                        f"{use.flow}.v{use.version}",
                        use.followed,
                        f"{use.followed} of {use.flow} follow version {use.version}, which no replica knows:"
                        f" {REMEDY}",
                    )
                    for use in await self._engine.versions()
                    if use.stranded and (not rule.service or use.flow.startswith(f"{rule.service}."))
                ]

    async def _letters(self, rule: Rule) -> Sequence[Finding]:
        query = LetterQuery(service=rule.service or None)
        counts = [await source.count(query) for source in self._sources()]
        count = sum(number for number, _ in counts)
        oldest = min((since for _, since in counts if since), default=None)
        if rule.kind == "dead-letters":
            letters = "dead letter waits" if count == 1 else "dead letters wait"
            return [Finding(rule.service, count, f"{count} {letters}")] if count > rule.above else []
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        return (
            [Finding(rule.service, age, f"the oldest dead letter waits for {age / 60:.0f} minutes")]
            if age > rule.above
            else []
        )

    async def _books(self, rule: Rule) -> Sequence[Finding]:
        found = [
            Finding(
                account.flow, account.missing, f"{account.missing} of {account.flow} are missing in the books"
            )
            for account in await self._engine.accounts()
            if account.missing and (not rule.service or account.flow.startswith(f"{rule.service}."))
        ]
        named = [process for process in await self._engine.missing() if process.startswith(rule.service)]
        if named and not found:
            found.append(Finding(rule.service, len(named), f"missing in the books: {', '.join(named[:5])}"))
        return found

    def _rates(self, rule: Rule) -> Sequence[Finding]:
        if not self._history:
            return []
        moment, latest = self._history[-1]
        since = next((calls for at, calls in self._history if at >= moment - rule.within), latest)
        found: list[Finding] = []
        for service, now in latest.items():
            before = since.get(service, Calls(0, 0, {}, 0))
            if rule.service not in ("", service):
                continue
            if rule.kind == "error-rate":
                calls, bad, what = now.total - before.total, now.failed - before.failed, "fail"
            else:
                bound = min((bound for bound in now.slow if bound >= rule.slower), default=float("inf"))
                calls = now.timed - before.timed
                bad = now.slow.get(bound, 0) - before.slow.get(bound, 0)
                what = f"take longer than {rule.slower:g} s"
            if calls >= FEWEST and bad / calls > rule.above:
                found.append(Finding(service, bad / calls, f"{bad} of {calls} calls of {service} {what}"))
        return found
