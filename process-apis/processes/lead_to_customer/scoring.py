"""What is known of a lead, held against the rules: each says what it gave."""

from collections.abc import Iterable, Mapping, Sequence

from processes.lead_to_customer.shown import Points
from triptych.canonical.exact_keys import company_number
from triptych.canonical.leads import Inquiry, Lead
from triptych.canonical.mailings import Mailing, MailingStatus
from triptych.scoring import Fact, ScoringRule

Facts = Mapping[Fact, frozenset[str]]
"""The different values that were said of each fact, without capitals; those counted are ids."""

SEEN = (MailingStatus.OPENED, MailingStatus.ANSWERED)
MOST = 100


def facts(lead: Lead, inquiries: Sequence[Inquiry], mailings: Sequence[Mailing]) -> Facts:
    """What is known of a lead, by whatever inquiry."""
    told = (lead, *inquiries)
    return {
        "source": _said(each.source for each in told),
        "country": _said(each.country for each in told),
        "company": _said(each.company for each in told),
        "email-domain": _said(each.email.partition("@")[2] for each in told if each.email),
        "phone": _said(each.phone for each in told),
        "tax-id": _said(company_number(each.tax_id) for each in told),
        "message": _said(each.message for each in inquiries),
        "inquiries": frozenset(each.id for each in inquiries),
        "opened": frozenset(each.id for each in mailings if each.status in SEEN),
        "answered": frozenset(each.id for each in mailings if each.status is MailingStatus.ANSWERED),
    }


def _said(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values if value)


def points(rules: Sequence[ScoringRule], known: Facts) -> tuple[Points, ...]:
    """What each rule that holds gives or takes, in the order of the rules."""
    return tuple(Points(rule=rule.name, points=rule.points) for rule in rules if _holds(rule, known))


def _holds(rule: ScoringRule, known: Facts) -> bool:
    values = known[rule.fact]
    if not rule.one_of and not rule.contains:
        return len(values) >= rule.at_least
    words = [word.casefold() for word in rule.contains]
    return not values.isdisjoint(value.casefold() for value in rule.one_of) or any(
        word in value for word in words for value in values
    )


def score(given: Sequence[Points]) -> int:
    """What the points come to: 0 to 100."""
    return max(0, min(MOST, sum(each.points for each in given)))
