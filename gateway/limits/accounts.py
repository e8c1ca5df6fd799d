"""One account for each client, and for each address that comes without a token."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, nullcontext
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

from gateway.limits.bucket import Bucket
from gateway.limits.window import MovingWindow
from gateway.plans import Plan


class Verdict(NamedTuple):
    """Whether a request may pass."""

    violated: tuple[str, ...] = ()
    """Names of the policies that are used up; empty when it may pass."""
    wait: float = 0.0
    """Seconds until it would pass."""
    closed: bool = False
    """Refused because the shared counters cannot be reached, not because anything is used up."""


ADMITTED: Final = Verdict()


class Account(ABC):
    """What one client has used of its plan."""

    __slots__ = ("busy", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.busy = 0
        """Requests of it that are under way here."""

    @abstractmethod
    def take(self, cost: int, now: float) -> Verdict | Awaitable[Verdict]:
        """Take `cost` units of every policy, or of none; waits only where shared counters must be asked."""
        ...

    @abstractmethod
    def header(self, now: float) -> bytes:
        """The value of `RateLimit`: what is left of each policy, and the seconds until more is."""
        ...


class LocalAccount(Account):
    """An account that this process alone counts."""

    __slots__ = ("_bucket", "_share", "_windows")

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._share = 1.0
        self._bucket = Bucket(plan.burst)
        self._windows = tuple((quota.name, MovingWindow(quota)) for quota in plan.quotas)

    def take(self, cost: int, now: float) -> Verdict:
        """Take `cost` units of every policy, or of none."""
        if self._bucket.wait(cost, now):
            return self._refused(cost, now)
        for _, window in self._windows:
            if window.wait(cost, now):
                return self._refused(cost, now)
        self.count(cost, now)
        return ADMITTED

    def count(self, cost: int, now: float) -> None:
        """Take without asking: what was admitted elsewhere."""
        self._bucket.take(cost, now)
        for _, window in self._windows:
            window.take(cost, now)

    def share(self, share: float) -> None:
        """Count with this share of the plan from now on; what was used stays used."""
        if share != self._share:
            self._share = share
            self._bucket.share(share)
            for _, window in self._windows:
                window.share(share)

    def header(self, now: float) -> bytes:
        """The value of `RateLimit`."""
        left, wait = self._bucket.standing(now)
        text = f'"burst";r={left};t={wait}'
        for name, window in self._windows:
            left, wait = window.standing(now)
            text += f', "{name}";r={left};t={wait}'
        return text.encode()

    def _refused(self, cost: int, now: float) -> Verdict:
        waits = [("burst", self._bucket.wait(cost, now))]
        waits += [(name, window.wait(cost, now)) for name, window in self._windows]
        return Verdict(tuple(name for name, wait in waits if wait), max(wait for _, wait in waits))


class Accounts:
    """Local accounts. Addresses are kept apart from clients, so that a flood of them evicts no client.

    `share` is the part of every plan that is granted here.
    """

    def __init__(self, capacity: int = 100_000, share: float = 1.0) -> None:
        self._clients: OrderedDict[str, Account] = OrderedDict()
        self._addresses: OrderedDict[str, Account] = OrderedDict()
        self._capacity = capacity
        self._share = share

    def open(self, key: str, plan: Plan) -> Account:
        """A new account; shared counters override this."""
        account = LocalAccount(plan)
        account.share(self._share)
        return account

    def running(self) -> AbstractAsyncContextManager[None]:
        """What has to run beside the requests: nothing, where this process counts alone."""
        return nullcontext()

    def of_client(self, client: str, plan: Plan) -> Account:
        """The account of an OAuth client; a changed plan opens a new one."""
        account = self._clients.get(client)
        if account is None or account.plan is not plan:
            account = self._clients[client] = self.open("client:" + client, plan)
            self._evict(self._clients)
        return account

    def of_address(self, address: str, plan: Plan) -> Account:
        """The account of whoever comes from an address; IPv6 counts by /64, one customer's network."""
        key = plan.name + ":" + (_network(address) if ":" in address else address)
        account = self._addresses.get(key)
        if account is None:
            account = self._addresses[key] = self.open("address:" + key, plan)
            self._evict(self._addresses)
        else:
            self._addresses.move_to_end(key)
        return account

    def _evict(self, accounts: OrderedDict[str, Account]) -> None:
        if len(accounts) > self._capacity:
            accounts.popitem(last=False)


def _network(address: str) -> str:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{int(found) >> 64:x}::/64"
