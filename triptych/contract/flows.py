"""Data flows of a process: how fast each has to be, who answers for it, and what its failure costs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, get_args

from triptych.contract.apis import Api

Pace = Literal["real-time", "near-real-time", "batch"]
"""`real-time` is awaited by whoever asked; `near-real-time` follows in seconds or minutes; `batch` is
collected and goes at set times."""


class DataFlow:
    """One flow of data of a process, as its contract declares it: see `flow`."""

    def __init__(
        self, summary: str, *, pace: Pace, owner: str, failure: str, within: timedelta, share: float
    ) -> None:
        if pace not in get_args(Pace):
            raise ValueError(f"the pace of a data flow is one of {', '.join(get_args(Pace))}, not {pace!r}")
        for name, words in (("summary", summary), ("owner", owner), ("failure", failure)):
            if not words.strip():
                raise ValueError(f"a data flow says its {name}")
        if within <= timedelta(0) or not 0 < share <= 1:
            raise ValueError("a service level is a share over 0 and up to 1, within a time")
        self.summary = summary
        self.pace = pace
        self.owner = owner
        """The team that answers for it, and is told when it fails."""
        self.failure = failure
        """What it costs when it fails, in the business's words."""
        self.within = within
        """The time within which it is to be done."""
        self.share = share
        """How much of it: 0.99 of all."""
        self.name = ""

    def __set_name__(self, owner: Any, name: str) -> None:
        self.name = name.replace("_", "-")

    @property
    def level(self) -> str:
        """Its service level in words: `99.5 % within 2 s`."""
        return f"{round(self.share * 100, 4):g} % within {_in_words(self.within)}"

    def described(self) -> Mapping[str, str]:
        """What documents and the catalogue say of it."""
        return {
            "name": self.name,
            "summary": self.summary,
            "pace": self.pace,
            "owner": self.owner,
            "failure": self.failure,
            "level": self.level,
        }


def flow(
    summary: str, *, pace: Pace, owner: str, failure: str, within: timedelta, share: float = 0.99
) -> DataFlow:
    """Declare a data flow in the contract of a process: what flows from where to where, in a sentence.

    `failure` says what it costs when it fails; the service level is that a `share` of it is done `within`
    that time.

    Raises ValueError for a flow that does not say all that.
    """
    return DataFlow(summary, pace=pace, owner=owner, failure=failure, within=within, share=share)


def flows(api: type[Api]) -> tuple[DataFlow, ...]:
    """Every data flow of a contract, in the order in which they are written."""
    found: dict[str, DataFlow] = {}
    for base in reversed(api.promised().__mro__):
        found |= {name: one for name, one in vars(base).items() if isinstance(one, DataFlow)}
    return tuple(found.values())


def _in_words(time: timedelta) -> str:
    seconds = time.total_seconds()
    for name, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return "1 day" if (name, count) == ("days", 1) else f"{count} {name}"
    return f"{seconds:g} s"
