"""Finds what a token stands for, whichever kind it is."""

from sqlalchemy.util import await_

from gateway.authorization.allowed import RefreshToken
from gateway.authorization.server import Stores
from gateway.authorization.verify import AccessToken
from triptych.problems import Unauthenticated


def find_token(stores: Stores, token: str) -> AccessToken | RefreshToken | None:
    """A valid access token, or a refresh token that was not revoked; nobody needs the hint for that."""
    found = await_(stores.authorizations.find(token))
    if found is not None:
        return found
    await_(stores.revocations.refresh())  # what another gateway has called back a moment ago counts
    try:
        return stores.verifier.judge(token)
    except Unauthenticated:
        return None
