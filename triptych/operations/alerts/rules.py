"""What alert rules say, read from one YAML file; every mistake is named with line and column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from triptych.calling.outside import address_fault
from triptych.loading.mistakes import MappingError, Mistake, did_you_mean
from triptych.loading.nodes import Node, read_yaml

Kind = Literal[
    "dead-letters",
    "oldest-dead-letter",
    "error-rate",
    "latency",
    "circuit-open",
    "stale-feed",
    "imbalance",
    "stranded",
]
Severity = Literal["info", "warning", "critical"]
Unit = Literal["number", "duration", "share", ""]

MEASURED: Final[Mapping[str, Unit]] = {
    "dead-letters": "number",
    "oldest-dead-letter": "duration",
    "error-rate": "share",
    "latency": "share",
    "circuit-open": "",
    "stale-feed": "duration",
    "imbalance": "",
    "stranded": "",
}
"""What `above` is for each kind; nothing, where it either holds or not."""
WITHIN = 300.0
FEWEST = 20
"""Calls that there have to be before their rate says anything."""
_RULE = ("when", "above", "service", "within", "slower", "for", "severity", "to")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_UNREADABLE = {"duration": "reads 30s, 5m, 4h or 2d", "share": "reads 5%", "number": "is a whole number"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is watched."""

    name: str
    kind: Kind
    above: float = 0.0
    """Number, seconds or share (0 to 1) that is still good."""
    service: str = ""
    """The one service that it is about; empty for all."""
    within: float = WITHIN
    """Seconds over which calls are counted."""
    slower: float = 2.5
    """Seconds that a call may take, for `latency`."""
    lasting: float = 0.0
    """Seconds that it has to last before anybody is told."""
    severity: Severity = "warning"
    to: tuple[str, ...] = ()
    """Channels; all of them where none is named."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts are told: exactly one of the three."""

    name: str
    webhook: str = ""
    """Address that is POSTed to."""
    secret_variable: str = ""
    """Environment variable with the secret that signs (Standard Webhooks, `whsec_…`)."""
    email: tuple[str, ...] = ()
    """To whom a message is sent."""
    log: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole file."""

    rules: tuple[Rule, ...]
    channels: tuple[Channel, ...]
    every: float = 30.0
    """Seconds between two looks."""
    repeat: float = 14_400.0
    """Seconds after which what still holds is told again."""

    def channels_of(self, rule: Rule) -> Sequence[str]:
        """The names of the channels that a rule is told to."""
        return rule.to or [channel.name for channel in self.channels]


def default_rules() -> Rules:
    """What is watched where nothing else is said."""
    found = files("triptych.operations.alerts") / "default.yaml"
    return read_rules(Path("default.yaml"), found.read_text(encoding="utf-8"))


def read_rules(path: Path, text: str, *, allow_private: bool = False) -> Rules:
    """The rules in a file. Raises MappingError, naming every mistake with its line and column."""
    mistakes: list[Mistake] = []
    found = read_yaml(path, text, mistakes).fields(
        "a file of alerts", ("every", "repeat", "rules", "channels"), ("rules", "channels")
    )
    channels = [
        _channel(name, node, allow_private)
        for _, name, node in (found["channels"].entries("channels") if "channels" in found else ())
    ]
    known = [channel.name for channel in channels]
    rules = [
        _rule(name, node, known)
        for _, name, node in (found["rules"].entries("rules") if "rules" in found else ())
    ]
    every = _measure(found["every"], "every", "duration") if "every" in found else 30.0
    repeat = _measure(found["repeat"], "repeat", "duration") if "repeat" in found else 14_400.0
    if "every" in found and every < 1 and not mistakes:
        found["every"].wrong("every is a second at least")
    if mistakes:
        raise MappingError(path, mistakes)
    return Rules(tuple(rules), tuple(channels), every, repeat)


def _rule(name: str, node: Node, channels: Sequence[str]) -> Rule:
    said = node.fields(f"rule {name!r}", _RULE, ("when",))
    kind = said["when"].one_of("condition", get_args(Kind)) if "when" in said else ""
    unit = MEASURED.get(kind, "")
    if kind and unit and "above" not in said:
        node.wrong(f"rule {name!r} lacks 'above'", f"it {_UNREADABLE[unit]}")
    if kind and not unit and "above" in said:
        said["above"].wrong(f"{kind} holds or does not: it has no 'above'")
    above = _measure(said["above"], "above", unit) if unit and "above" in said else 0.0
    to = [part.text("a channel") for part in said["to"].items("to")] if "to" in said else []
    for part, channel in zip(said["to"].items("to") if "to" in said else [], to, strict=True):
        if channel and channel not in channels:
            part.wrong(f"there is no channel {channel!r}", did_you_mean(channel, channels))
    severity = said["severity"].one_of("severity", get_args(Severity)) if "severity" in said else "warning"
    durations = {
        field: _measure(said[word], word, "duration")
        for word, field in (("within", "within"), ("slower", "slower"), ("for", "lasting"))
        if word in said
    }
    service = said["service"].text("service") if "service" in said else ""
    # what is no kind or severity is a mistake already
    return Rule(name, kind, above, service, severity=severity, to=tuple(to), **durations)  # pyright: ignore[reportArgumentType]


def _channel(name: str, node: Node, allow_private: bool) -> Channel:
    said = node.fields(f"channel {name!r}", ("webhook", "secret_variable", "email", "log"))
    ways = [way for way in ("webhook", "email", "log") if way in said]
    if node.is_object and len(ways) != 1:
        node.wrong(f"channel {name!r} has exactly one of webhook, email and log")
    url = said["webhook"].text("webhook") if "webhook" in said else ""
    if url and (fault := address_fault(url, allow_private=allow_private)):
        said["webhook"].wrong(f"nothing can be sent to {urlsplit(url).hostname or url!r}: {fault}")
    variable = said["secret_variable"].text("secret_variable") if "secret_variable" in said else ""
    if url and not variable:
        node.wrong(f"channel {name!r} lacks 'secret_variable'", "it names the variable that holds whsec_…")
    addresses = [part.text("an address") for part in said["email"].items("email")] if "email" in said else []
    for part, address in zip(said["email"].items("email") if "email" in said else [], addresses, strict=True):
        if address and not re.fullmatch(r"[^@\s,<>]+@[^@\s,<>]+", address):
            part.wrong(f"{address!r} is no e-mail address")
    log = "log" in said and said["log"].text("log") == "true"
    if "log" in said and not log:
        said["log"].wrong("log is true, or the channel is left out")
    return Channel(name, url, variable, tuple(addresses), log)


def _measure(node: Node, what: str, unit: Unit) -> float:
    text = node.text(what)
    patterns = {"duration": r"(\d+(?:\.\d+)?)([smhd])", "share": r"(\d+(?:\.\d+)?)(%)", "number": r"(\d+)()"}
    found = re.fullmatch(patterns[unit], text)
    if found is None:
        if text:
            node.wrong(f"{what} {_UNREADABLE[unit]}, not {text!r}")
        return 0.0
    scale = _SECONDS.get(found[2], 1) if unit == "duration" else 0.01 if unit == "share" else 1
    return float(found[1]) * scale
