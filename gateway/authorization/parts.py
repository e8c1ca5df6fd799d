"""What the endpoints work with: the stores that grants need too, and those that only people need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.authorization.consents import Consents
from gateway.authorization.dpop import DpopProofs
from gateway.authorization.keys import KeyRing
from gateway.authorization.leaving import Leaving
from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.pushed import PushedRequests
from gateway.authorization.second_factors import SecondFactors
from gateway.authorization.server import Stores
from gateway.authorization.sessions import Sessions
from gateway.authorization.throttle import LoginThrottle
from triptych.calling.outside import Outside
from triptych.settings import Registration


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that was put together for one authorization server."""

    issuer: str
    scopes: Mapping[str, str]
    """The scopes of our services, with what each means."""
    stores: Stores
    keys: KeyRing
    sessions: Sessions
    consents: Consents
    throttle: LoginThrottle
    factors: SecondFactors
    leaving: Leaving
    pushed: PushedRequests
    proofs: DpopProofs
    resources: Mapping[str, Iterable[str]]
    """The scopes of each service by its path, `/shop/v1`."""
    lifetimes: Lifetimes
    registration: Registration
    outside: Outside
    form_key: bytes
    clock: Clock
