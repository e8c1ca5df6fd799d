"""What alert rules say is read as it is meant, and every mistake is named with line and column."""

from pathlib import Path

import pytest

from triptych.loading.mistakes import MappingError
from triptych.operations.alerts.rules import Rule, default_rules, read_rules

FILE = Path("alerts.yaml")
GOOD = """\
every: 10s
repeat: 2d
rules:
  stuck: {when: oldest-dead-letter, above: 90m, service: quote-to-cash, severity: critical, to: [pager]}
  slow:
    when: latency
    slower: 0.5s
    above: 2.5%
    within: 10m
    for: 5m
  books: {when: imbalance}
channels:
  pager: {webhook: "https://pager.example/hook", secret_variable: PAGER_SECRET}
  ops: {email: [ops@example.com, night@example.com]}
  log: {log: true}
"""


def test_a_file_says_what_is_watched_and_who_is_told() -> None:
    rules = read_rules(FILE, GOOD)
    stuck, slow, books = rules.rules

    assert (rules.every, rules.repeat) == (10, 172_800)
    assert stuck == Rule(
        "stuck", "oldest-dead-letter", 5400, "quote-to-cash", severity="critical", to=("pager",)
    )
    assert (slow.slower, slow.above, slow.within, slow.lasting) == (0.5, 0.025, 600, 300)
    assert rules.channels_of(stuck) == ("pager",)
    assert rules.channels_of(books) == ["pager", "ops", "log"]
    assert rules.channels[1].email == ("ops@example.com", "night@example.com")


def test_what_is_watched_by_default_is_told_in_the_log() -> None:
    rules = default_rules()

    assert {rule.kind for rule in rules.rules} >= {
        "dead-letters",
        "oldest-dead-letter",
        "error-rate",
        "imbalance",
    }
    assert [channel.log for channel in rules.channels] == [True]


WRONG = [
    ("above: 90m", "above: ninety", "4:44: above reads 30s, 5m, 4h or 2d, not 'ninety'"),
    ("oldest-dead-letter", "oldest-dead-leter", "4:17: unknown condition 'oldest-dead-leter'; did you mean"),
    ("when: imbalance", "when: imbalance, above: 3", "11:35: imbalance holds or does not: it has no 'above'"),
    ("    above: 2.5%\n", "", "6:5: rule 'slow' lacks 'above'; it reads 5%"),
    ("to: [pager]", "to: [beeper]", "there is no channel 'beeper'"),
    (
        "severity: critical",
        "severity: urgent",
        "unknown severity 'urgent'; there are info, warning, critical",
    ),
    ("within: 10m", "during: 10m", "9:5: rule 'slow' has no 'during'"),
    (", secret_variable: PAGER_SECRET", "", "13:10: channel 'pager' lacks 'secret_variable'"),
    ("https://pager.example/hook", "https://127.0.0.1/hook", "it leads to an address that is not public"),
    ("https://pager.example/hook", "http://pager.example/hook", "it is not https"),
    ("night@example.com", "night", "14:34: 'night' is no e-mail address"),
    ("log: {log: true}", "log: {}", "15:8: channel 'log' has exactly one of webhook, email and log"),
    ("every: 10s", "every: 0s", "1:8: every is a second at least"),
    ("rules:\n", "rulez:\n", "1:1: a file of alerts lacks 'rules'"),
    ("books: {when: imbalance}", "books: {when: imbalance", "no YAML"),
]


@pytest.mark.parametrize(("good", "wrong", "said"), WRONG, ids=[said[:40] for _, _, said in WRONG])
def test_each_mistake_is_named_where_it_is(good: str, wrong: str, said: str) -> None:
    with pytest.raises(MappingError) as refused:
        read_rules(FILE, GOOD.replace(good, wrong, 1))

    assert said in str(refused.value)
    assert str(refused.value).startswith("alerts.yaml:")


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(MappingError) as refused:
        read_rules(FILE, GOOD.replace("90m", "x").replace("2.5%", "y").replace("night@example.com", "z"))

    assert len(refused.value.mistakes) == 3
