"""Shows the books and the dead letters in `/metrics`, as they were at the last look."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from triptych.engine.books import Account

COLUMNS = ("came_in", "done", "dead", "filtered", "running", "missing")


class OperationsGauges(Collector):
    """What was found at the last look; nothing before the first."""

    def __init__(self) -> None:
        self._accounts: Sequence[Account] = ()

    def show(self, accounts: Sequence[Account]) -> None:
        """What was found just now."""
        self._accounts = accounts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """A gauge for each column of the books, by kind of process."""
        gauge = GaugeMetricFamily(
            "triptych_processes",
            "Processes by what became of them; came_in is the sum of the others.",
            labels=["flow", "column"],
        )
        for account in self._accounts:
            for column in COLUMNS:
                gauge.add_metric([account.flow, column], getattr(account, column))
        yield gauge
