"""Who may look after a lead: those of its country, and else those of no country in particular."""

from datetime import UTC, datetime

from processes.lead_to_customer.territories import MOST, covering
from triptych.canonical.leads import SalesRep

THEN = datetime(2026, 7, 1, tzinfo=UTC)


def rep(name: str, *territories: str, leads: int = 0, active: bool = True) -> SalesRep:
    """A sales representative."""
    return SalesRep(
        id=name,
        name=name,
        territories=territories,
        open_leads=leads,
        active=active,
        created_at=THEN,
        updated_at=THEN,
    )


GRACE, LINUS, EDSGER = rep("grace", "DE", "AT"), rep("linus", "DE"), rep("edsger")


def test_a_country_is_looked_after_by_those_who_name_it() -> None:
    reps = (GRACE, LINUS, EDSGER)
    assert covering(reps, "DE") == ("grace", "linus")
    assert covering(reps, "AT") == ("grace",)


def test_what_nobody_names_goes_to_those_who_name_nothing() -> None:
    assert covering((GRACE, LINUS, EDSGER), "FR") == ("edsger",)
    assert covering((GRACE, LINUS, EDSGER), None) == ("edsger",)


def test_where_nobody_is_there_nobody_is_found() -> None:
    assert covering((), "DE") == ()
    assert covering((GRACE, LINUS), "FR") == ()


def test_who_is_given_no_leads_is_not_asked() -> None:
    assert covering((rep("grace", "DE", active=False), EDSGER), "DE") == ("edsger",)


def test_of_very_many_those_with_the_fewest_leads_are_asked() -> None:
    many = [rep(f"rep-{number:03}", "DE", leads=1000 - number) for number in range(300)]
    found = covering(many, "DE")
    assert len(found) == MOST
    assert found[0] == "rep-299"
