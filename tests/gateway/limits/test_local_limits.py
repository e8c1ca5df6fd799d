"""Bursts and exact quotas, as properties that hold for every sequence of requests."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Account, Verdict, accounts
from gateway.limits.accounts import ADMITTED, Accounts, LocalAccount
from gateway.limits.bucket import Bucket
from gateway.limits.window import GRAINS, MovingWindow
from gateway.plans import Plans, Quota, plan
from triptych.settings import Settings

SOME = st.lists(st.tuples(st.floats(0, 2, allow_nan=False), st.integers(1, 7)), min_size=1, max_size=120)
"""Requests: seconds since the one before, and cost."""


def admitted(limit: Any, requests: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """When what was let through, one request after the other."""
    now, passed = 1000.0, list[tuple[float, int]]()
    for pause, cost in requests:
        now += pause
        if limit.wait(cost, now) == 0:
            limit.take(cost, now)
            passed.append((now, cost))
    return passed


@given(SOME, st.integers(7, 30), st.integers(1, 5))
def test_a_bucket_never_admits_more_than_its_burst_and_what_has_refilled(
    requests: list[tuple[float, int]], units: int, window: int
):
    passed = admitted(Bucket(Quota("burst", units, window)), requests)
    for first, (began, _) in enumerate(passed):
        total = 0
        for moment, cost in passed[first:]:
            total += cost
            assert total <= units + (moment - began) * units / window + 1e-3


@given(SOME, st.integers(7, 30), st.integers(1, 5))
def test_a_bucket_admits_what_it_says_is_left_and_when_it_says_it_will(
    requests: list[tuple[float, int]], units: int, window: int
):
    bucket = Bucket(Quota("burst", units, window))
    now = 1000.0
    for pause, cost in requests:
        now += pause
        assert (bucket.wait(cost, now) == 0) == (cost <= bucket.standing(now)[0])
        wait = bucket.wait(cost, now)
        assert bucket.wait(cost, now + wait + 1e-6) == 0
        if wait == 0:
            bucket.take(cost, now)
    assert bucket.standing(now + window + 1) == (units, 0)


@given(SOME, st.integers(7, 40), st.integers(2, 60))
def test_a_moving_window_never_holds_more_than_its_units_wherever_it_begins(
    requests: list[tuple[float, int]], units: int, window: int
):
    passed = admitted(MovingWindow(Quota("day", units, window)), requests)
    for began, _ in passed:
        assert sum(cost for moment, cost in passed if began <= moment < began + window) <= units


@given(SOME, st.integers(7, 40), st.integers(2, 60))
def test_a_moving_window_gives_back_at_most_a_grain_late(
    requests: list[tuple[float, int]], units: int, window: int
):
    limit = MovingWindow(Quota("day", units, window))
    passed = admitted(limit, requests)
    late = window + 2 * window / GRAINS
    for now in [moment + step for moment, _ in passed for step in (0.0, window / 3, late)]:
        if now < passed[-1][0]:
            continue
        used = sum(cost for moment, cost in passed if moment > now - late)
        assert limit.standing(now)[0] >= units - used


@given(SOME)
def test_a_request_that_one_policy_refuses_costs_nothing_in_the_others(requests: list[tuple[float, int]]):
    account = LocalAccount(plan("test", {"burst": 5, "minute": 20}))
    now = 1000.0
    for pause, cost in requests:
        now += pause
        before = account.header(now)
        if account.take(cost, now).violated:
            assert account.header(now) == before


def verdict(account: Account, cost: int, now: float) -> Verdict:
    """What a local account says; it never waits."""
    found = account.take(cost, now)
    assert isinstance(found, Verdict)
    return found


def test_the_headers_say_what_is_left_and_when_more_comes_back():
    account = LocalAccount(plan("free", {"burst": 20, "day": 10_000}))
    assert account.plan.policy == b'"burst";q=20;w=1, "day";q=10000;w=86400'
    for _ in range(3):
        assert not verdict(account, 1, 86_400.0).violated
    assert account.header(86_400.0) == b'"burst";r=17;t=1, "day";r=9997;t=86400'
    assert account.header(90_000.0) == b'"burst";r=20;t=0, "day";r=9997;t=83100'


def test_every_policy_that_is_used_up_is_named_with_the_longest_wait():
    account = LocalAccount(plan("small", {"burst": 2, "minute": 2}))
    assert not verdict(account, 2, 60.0).violated
    refused = verdict(account, 1, 60.1)
    assert refused.violated == ("burst", "minute")
    assert 60 < refused.wait < 60.4
    assert verdict(account, 1, 61.0).violated == ("minute",)


def test_a_request_larger_than_the_whole_burst_takes_all_of_it():
    account = LocalAccount(plan("small", {"burst": 2, "day": 100}))
    assert not verdict(account, 50, 0.0).violated
    assert verdict(account, 1, 0.0).violated == ("burst",)


def test_addresses_of_one_network_share_an_account():
    accounts, anonymous = Accounts(), Plans().anonymous
    one = accounts.of_address("2001:db8:1:2::1", anonymous)
    assert accounts.of_address("2001:db8:1:2:ffff::9", anonymous) is one
    assert accounts.of_address("2001:db8:1:3::1", anonymous) is not one
    assert accounts.of_address("::ffff:203.0.113.7", anonymous) is accounts.of_address(
        "203.0.113.7", anonymous
    )
    assert accounts.of_address("203.0.113.8", anonymous) is not accounts.of_address("203.0.113.7", anonymous)
    assert accounts.of_address("fe80::1%eth0", anonymous) is accounts.of_address("fe80::2", anonymous)


def test_a_flood_of_addresses_evicts_the_idle_and_no_client():
    accounts, plans = Accounts(capacity=10), Plans()
    client = accounts.of_client("acme", plans.named("partner"))
    busy = accounts.of_address("192.0.2.1", plans.anonymous)
    for number in range(50):
        accounts.of_address(f"198.51.100.{number}", plans.anonymous)
        assert accounts.of_address("192.0.2.1", plans.anonymous) is busy
    assert accounts.of_client("acme", plans.named("partner")) is client


def test_a_client_whose_plan_changes_is_counted_by_the_new_one():
    accounts, plans = Accounts(), Plans()
    accounts.of_client("acme", plans.named("free"))
    assert accounts.of_client("acme", plans.named("partner")).plan.name == "partner"


def test_workers_that_count_alone_grant_their_share_of_every_plan(tmp_path: Path):
    found = accounts(Settings(data=tmp_path, workers=4)).of_client(
        "acme", plan("test", {"burst": 40, "day": 20})
    )
    admitted = [found.take(1, 0.0) for _ in range(40)].count(ADMITTED)
    assert admitted == 5
