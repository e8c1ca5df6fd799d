"""Scoring: each rule says what it gave, whatever somebody writes into a form."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from processes.lead_to_customer.scoring import facts, points, score
from processes.lead_to_customer.shown import Points
from triptych.canonical.leads import Inquiry, Lead
from triptych.canonical.mailings import Mailing, MailingStatus
from triptych.scoring import RULES, ScoringRule
from triptych.settings import Settings

THEN = datetime(2026, 7, 1, tzinfo=UTC)


def lead(**known: str) -> Lead:
    """A lead of which this is known."""
    return Lead.model_validate(
        {"id": "led_1", "name": "Ada", "created_at": THEN, "updated_at": THEN, **known}
    )


def inquiry(number: int, **said: str) -> Inquiry:
    """What was said, in one of its inquiries."""
    given = {"id": f"inq_{number}", "name": "Ada", "lead_id": "led_1", "source": "web", **said}
    return Inquiry.model_validate({**given, "created_at": THEN, "updated_at": THEN})


def mailing(number: int, status: MailingStatus) -> Mailing:
    """Something that it was written."""
    return Mailing(
        id=f"mlg_{number}",
        email="ada@x.example",
        subject="Hello",
        body="Hello.",
        status=status,
        created_at=THEN,
        updated_at=THEN,
    )


def given(*inquiries: Inquiry, mailings: tuple[Mailing, ...] = (), **known: str) -> dict[str, int]:
    """What the rules that are shipped give."""
    found = points(RULES, facts(lead(**known), inquiries, mailings))
    return {each.rule: each.points for each in found}


def test_every_rule_that_holds_says_what_it_gave() -> None:
    first = inquiry(1, source="Trade-Fair", message="How much?", email="ada@GMail.com")
    assert given(first, company="Lovelace & Co", tax_id="DE 123 456 789", phone="+49300074321") == {
        "known firm": 15,
        "company number": 15,
        "can be called": 10,
        "says what for": 10,
        "met or recommended": 20,
        "private address": -10,
    }


def test_what_was_said_in_any_inquiry_counts_and_asking_again_counts_once() -> None:
    asked = (inquiry(1), inquiry(2, company="Lovelace & Co"), inquiry(3, company="Lovelace & Co"))
    assert given(*asked) == {"known firm": 15, "asked again": 20}


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([MailingStatus.SENT, MailingStatus.STOPPED, MailingStatus.UNSUBSCRIBED], {}),
        ([MailingStatus.OPENED, MailingStatus.OPENED], {"opened a mailing": 10}),
        ([MailingStatus.ANSWERED], {"opened a mailing": 10, "answered a mailing": 40}),
    ],
)
def test_what_came_of_mailings_counts(statuses: list[MailingStatus], expected: dict[str, int]) -> None:
    written = tuple(mailing(number, status) for number, status in enumerate(statuses))
    assert given(mailings=written) == expected


def test_a_score_is_never_under_0_nor_over_100() -> None:
    assert score(()) == 0
    assert score((Points(rule="a", points=-100),)) == 0
    assert score((Points(rule="a", points=90), Points(rule="b", points=90))) == 100
    assert score((Points(rule="a", points=90), Points(rule="b", points=-50))) == 40


def test_what_is_no_company_number_gives_nothing() -> None:
    for nonsense in ("none", "n/a", "----", "0", "ASDF JKL", "🦖" * 20):
        assert given(inquiry(1, tax_id=nonsense)) == {}


def test_a_message_that_tries_to_be_a_rule_is_words_and_no_more() -> None:
    rule = ScoringRule(name="big", fact="message", contains=("wholesale",), points=50)
    hostile = '\'}; {"points": 100} {name} %s .* WHOLESAL' + "E" * 3 + " \u202e" * 3000
    known = facts(lead(), (inquiry(1, message=hostile),), ())
    assert points((rule,), known) == (Points(rule="big", points=50),)
    pattern = ScoringRule(name="dots", fact="message", contains=(".+",), points=50)
    assert points((pattern,), facts(lead(), (inquiry(1, message="anything"),), ())) == ()


def test_capitals_make_no_difference_in_any_script() -> None:
    rule = ScoringRule(name="there", fact="company", one_of=("straße",), points=5)
    assert points((rule,), facts(lead(company="STRASSE"), (), ())) == (Points(rule="there", points=5),)


def test_rules_are_read_from_settings_and_a_wrong_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = '{"name": "near", "fact": "country", "one_of": ["DE", "AT"], "points": 30}'
    monkeypatch.setenv("TRIPTYCH_LEAD_SCORING", f"[{rule}]")
    (read,) = Settings().lead_scoring
    assert points((read,), facts(lead(country="AT"), (), ())) == (Points(rule="near", points=30),)
    for wrong in (
        '[{"name": "x", "fact": "shoe-size", "points": 1}]',
        '[{"name": "x", "fact": "country", "points": 101}]',
        '[{"name": "x", "fact": "country", "points": 1, "code": "import os"}]',
        '[{"name": "", "fact": "country", "points": 1}]',
    ):
        monkeypatch.setenv("TRIPTYCH_LEAD_SCORING", wrong)
        with pytest.raises(ValidationError):
            Settings()
