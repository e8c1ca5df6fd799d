"""What is told of keys: API keys of clients, and the keys that sign tokens."""

from typing import Literal

from pydantic import Field

from triptych.administration.views import CLIENT_ID, SHOWN_ONCE, Several, Text
from triptych.canonical.base import Model, Timestamp, example, the_example


class ApiKeyView(Model):
    """An API key of a client. The key itself is told once, when it is made."""

    model_config = example(
        id="key_01jd3k7m9vq8x2c4n6b8d0f2hg",
        client_id=CLIENT_ID,
        name="The warehouse's script",
        hint="trp_live_…x7Qd",
        scopes=["partner:read"],
        created_at="2026-07-01T09:30:00Z",
        expires_at="2027-07-01T09:30:00Z",
    )

    id: str
    client_id: str
    """The client that it stands for: plan, limits and customer are the client's."""
    name: str
    hint: str
    """How it begins and ends."""
    scopes: tuple[str, ...]
    """What it may do, as long as the client may."""
    created_at: Timestamp
    expires_at: Timestamp
    used_at: Timestamp | None = None
    """When it was last used, give or take an hour."""


class ApiKeyList(Model):
    """API keys that were not revoked, oldest first."""

    items: tuple[ApiKeyView, ...]


class NewApiKey(Model):
    """An API key to make."""

    model_config = example(
        client_id=CLIENT_ID, name="The warehouse's script", scopes=["partner:read"], days=90
    )

    client_id: Text
    """The client that it stands for; not a public one, which can keep no secret."""
    name: Text
    """By which its owner knows it."""
    scopes: Several | None = None
    """What it may do; by default everything that the client may."""
    days: int = 365
    """How long it is good for: 1 to 1,825."""


class ApiKeyIssued(ApiKeyView):
    """A fresh API key."""

    model_config = example(**the_example(ApiKeyView), key="trp_live_…")

    key: str = Field(description=SHOWN_ONCE)


class SigningKeyView(Model):
    """A key that signs tokens, has signed tokens, or is about to."""

    model_config = example(
        kid="x2vXk3cYw0mJm0oJ5d8v2rGmJrWc3pXy1m2p0dGk7fQ",
        place="current",
        published_at="2026-06-30T09:30:00Z",
        signs_since="2026-07-01T09:30:00Z",
    )

    kid: str
    """Its id, which is its thumbprint (RFC 7638)."""
    place: Literal["next", "current", "retired"]
    published_at: Timestamp
    """Since when it is in the JWKS document."""
    signs_since: Timestamp | None = None
    """Of the current one."""
    retires_at: Timestamp | None = None
    """When the last token that a retired one has signed will have expired."""


class SigningKeyList(Model):
    """All keys, oldest first."""

    items: tuple[SigningKeyView, ...]
