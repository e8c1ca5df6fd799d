"""How much each client has used: bursts and exact quotas, counted here or leased from Redis."""

from secrets import token_hex

from gateway.limits.accounts import ADMITTED, Account, Accounts, Verdict
from triptych.settings import Settings


def accounts(settings: Settings) -> Accounts:
    """Accounts that are counted here, or shared where `TRIPTYCH_REDIS_URL` is set.

    Of several workers that count alone each grants its share, so that together they grant no more.

    Raises ValueError where that is no address of a Redis.
    """
    if settings.redis_url is None:
        return Accounts(share=1 / settings.workers)
    from gateway.limits.counters import Counters  # the redis client loads only where it is used
    from gateway.limits.leased import LeasedAccounts

    gateway = f"{settings.replica}-{token_hex(4)}"
    return LeasedAccounts(Counters(settings.redis_url.get_secret_value(), gateway))


__all__ = ["ADMITTED", "Account", "Accounts", "Verdict", "accounts"]
