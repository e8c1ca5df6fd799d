"""Plans: the shipped ones, those of the settings, and what is wrong with one."""

import pytest

from gateway.plans import Plans
from triptych.settings import Settings


def test_settings_add_plans_and_replace_shipped_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRIPTYCH_PLANS", '{"gold": {"burst": 50, "month": 9000}, "free": {"burst": 1}}')
    plans = Plans(Settings().plans)
    assert plans.named("gold").policy == b'"burst";q=50;w=1, "month";q=9000;w=2592000'
    assert plans.named("free").policy == b'"burst";q=1;w=1'
    assert plans.named("partner").burst.units > 1


def test_a_plan_that_nobody_knows_is_the_smallest():
    assert Plans().named("platinum").name == "free"


@pytest.mark.parametrize("units", [{"day": 5}, {"burst": 0}, {"burst": 5, "week": 5}, {"burst": -1}])
def test_a_plan_that_makes_no_sense_is_refused_by_name(units: dict[str, int]):
    with pytest.raises(ValueError, match=r"gold|burst"):
        Plans({"gold": units})


def test_a_plan_says_how_many_requests_may_be_under_way():
    plans = Plans({"gold": {"burst": 50, "concurrency": 5}})
    assert plans.named("gold").policy == b'"burst";q=50;w=1, "concurrency";q=5;qu="concurrent-requests"'
    assert plans.named("gold").concurrency == 5
    assert Plans({"open": {"burst": 50}}).named("open").concurrency is None
    with pytest.raises(ValueError, match="plan 'none' needs at least 1 request at once"):
        Plans({"none": {"burst": 50, "concurrency": 0}})


def test_free_and_partner_have_a_quota_for_the_month_too():
    for name in ("free", "partner"):
        day, month = Plans().named(name).quotas
        assert (day.name, month.name, month.window) == ("day", "month", 30 * 86_400)
        assert day.units < month.units < 30 * day.units
