"""How much the caller may: its plan's burst and quotas."""

from collections.abc import Awaitable, Callable
from math import ceil
from time import monotonic

from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter, Outcome
from gateway.limits import ADMITTED, Account, Accounts, Verdict
from gateway.plans import CONCURRENCY, Plan, Plans
from triptych.problems import Overloaded, Problem, QuotaExceeded

Clock = Callable[[], float]


def limit(accounts: Accounts, plans: Plans, now: Clock = monotonic) -> Filter:
    """Takes the operation's weight from the account of the client, or of the address where there is no token.

    A request counts as under way until `exchange.ended()`.

    Adds `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) to every answer.
    """

    def take(exchange: Exchange) -> Outcome | Awaitable[Outcome]:
        token = exchange.token
        if token is not None:
            account = accounts.of_client(token.client, plans.named(token.plan))
        else:
            account = accounts.of_address(exchange.client, plans.anonymous)
        return _taken(exchange, account, exchange.endpoint.weight if exchange.endpoint else 1, now)

    return take


def limit_addresses(accounts: Accounts, plan: Plan, now: Clock = monotonic) -> Filter:
    """Takes one unit from the account of the address, whoever asks: for the authorization server's paths."""

    def take(exchange: Exchange) -> Outcome | Awaitable[Outcome]:
        return _taken(exchange, accounts.of_address(exchange.client, plan), 1, now)

    return take


def _taken(exchange: Exchange, account: Account, cost: int, now: Clock) -> Outcome | Awaitable[Outcome]:
    moment = now()
    at_once = account.plan.concurrency
    if at_once is not None:
        if account.busy >= at_once:
            return _answered(exchange, account, Verdict((CONCURRENCY,), 1.0), moment)
        account.busy += 1
        exchange.account = account
    verdict = account.take(cost, moment)
    if verdict is ADMITTED:
        _tell(exchange, account, moment)
        return None
    if isinstance(verdict, Verdict):
        return _answered(exchange, account, verdict, moment)
    return _awaited(exchange, account, verdict, now)


async def _awaited(exchange: Exchange, account: Account, verdict: Awaitable[Verdict], now: Clock) -> Outcome:
    return _answered(exchange, account, await verdict, now())


def _answered(exchange: Exchange, account: Account, verdict: Verdict, moment: float) -> Reply | None:
    _tell(exchange, account, moment)
    return _refused(exchange, account.plan, verdict) if verdict.violated else None


def _tell(exchange: Exchange, account: Account, moment: float) -> None:
    """Say what is left."""
    plan = account.plan
    left = account.header(moment)
    if plan.concurrency is not None:
        left += b', "concurrency";r=%d' % (plan.concurrency - account.busy)
    exchange.added += ((b"ratelimit-policy", plan.policy), (b"ratelimit", left))


def _refused(exchange: Exchange, plan: Plan, verdict: Verdict) -> Reply:
    """429 for a policy that is used up; 503 where a closed plan cannot be counted."""
    problem: Problem
    if verdict.closed:
        problem = Overloaded("The limits cannot be counted right now.", retry_after=1)
    else:
        names = list(verdict.violated)
        detail = f"The {' and the '.join(names)} limit of the plan {plan.name} is used up."
        if names == [CONCURRENCY]:
            detail = (
                f"The plan {plan.name} allows {plan.concurrency} requests at once, and as many are under way."
            )
        problem = QuotaExceeded(detail, retry_after=max(1, ceil(verdict.wait)))
        problem.extra["violated-policies"] = names
    return refusal(exchange, problem)
