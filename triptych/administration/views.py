"""What is told of clients, people, plans and keys, and what is said to make them."""

from datetime import date
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Model, Personal, Timestamp, example
from triptych.contract import Filter

CLIENT_ID = "client_01jd3k7m9vq8x2c4n6b8d0f2hg"
Text = Annotated[str, Field(max_length=200)]
Id = Annotated[str, Field(max_length=64)]
Several = Annotated[tuple[Text, ...], Field(max_length=200)]
Email = Annotated[str, Field(max_length=254), Personal()]
PersonName = Annotated[str, Field(max_length=200), Personal()]
Uris = Annotated[tuple[Annotated[str, Field(max_length=2000)], ...], Field(max_length=50)]
Password = Annotated[str, Field(max_length=1024)]
SHOWN_ONCE = "Told this once: only its hash is kept, and no answer with it in it."


class ClientView(Model):
    """A registered OAuth client."""

    model_config = example(
        client_id=CLIENT_ID,
        name="Acme",
        grants=["client_credentials"],
        scopes=["partner:read"],
        plan="partner",
        redirect_uris=[],
        public=False,
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        pinned="2026-11-01",
    )

    client_id: str
    name: str
    grants: tuple[str, ...]
    """How it gets tokens."""
    scopes: tuple[str, ...]
    """What it may ask for."""
    plan: str
    """Its limits."""
    redirect_uris: tuple[str, ...] = ()
    """Where its users are sent back to."""
    public: bool = False
    """Whether it can keep no secret: a page, an app."""
    customer_id: str | None = None
    """Canonical id of the customer as which it acts on its own."""
    pinned: str = ""
    """The day whose versions of our APIs it gets."""
    origins: tuple[str, ...] = ()
    """Web origins whose pages may use its tokens; those of its redirect URIs where none is named."""


class ClientList(Model):
    """All clients that are let in, by name."""

    items: tuple[ClientView, ...]


class NewClient(Model):
    """A client to register."""

    model_config = example(
        name="Acme", grants=["client_credentials"], scopes=["partner:read"], plan="partner"
    )

    name: Text
    """What users and logs call it."""
    grants: Several
    """How it gets tokens."""
    scopes: Several
    """What it may ask for."""
    plan: Text
    """Its limits; `GET /plans` lists them."""
    redirect_uris: Uris = ()
    """Where its users are sent back to."""
    public: bool = False
    """Whether it can keep no secret: a page, an app."""
    pinned: date | None = None
    """The day whose versions of our APIs it gets; by default today."""
    origins: Uris = ()
    """Web origins whose pages may use its tokens, `https://shop.example`; by default of its redirect URIs."""
    customer_id: Id | None = None
    """Canonical id of the customer as which it acts on its own."""


class ClientChanges(Model):
    """What can be changed of a client that is registered."""

    model_config = example(pinned="2026-11-01", origins=["https://shop.example"])

    pinned: date | None = None
    """The day whose versions of our APIs it gets; left out, it stays."""
    origins: Uris | None = None
    """Web origins whose pages may use its tokens; left out, they stay."""


class ClientCredentials(Model):
    """How a client proves itself."""

    model_config = example(client_id=CLIENT_ID, client_secret="secret_…")  # noqa: S106 - an example

    client_id: str
    client_secret: str | None = Field(default=None, description=SHOWN_ONCE)


class UserView(Model):
    """Somebody who can sign in."""

    model_config = example(
        id="usr_01jd3k7m9vq8x2c4n6b8d0f2hg",
        email="ada@example.com",
        name="Ada Lovelace",
        scopes=["service-desk:*"],
        disabled=False,
        created_at="2026-07-01T09:30:00Z",
    )

    id: str
    email: Email
    name: PersonName
    scopes: tuple[str, ...]
    """What this person may do at most, through whichever client: scopes, `service-desk:*`, or `*`."""
    customer_id: str | None = None
    """Canonical id of the customer that this person is."""
    disabled: bool = False
    """Whether they are let in no more."""
    created_at: Timestamp


class UserQuery(Filter):
    """Which people to list."""

    email: Email | None = None
    """The one who signs in with this address."""


class NewUser(Model):
    """Somebody who shall be able to sign in; one who is known by the address is changed."""

    model_config = example(email="ada@example.com", name="Ada Lovelace", scopes=["service-desk:*"])

    email: Email
    name: PersonName
    scopes: Several
    """What this person may do at most, through whichever client: scopes, `service-desk:*`, or `*`."""
    customer_id: Id | None = None
    """Canonical id of the customer that this person is."""
    password: Password | None = None
    """By default one is made."""


class NewPassword(Model):
    """A password for somebody."""

    model_config = example(password="correct horse battery staple")  # noqa: S106 - an example

    password: Password | None = None
    """By default one is made."""


class UserAccess(Model):
    """Who can sign in now."""

    model_config = example(
        id="usr_01jd3k7m9vq8x2c4n6b8d0f2hg",
        email="ada@example.com",
        password="kXv1mSgC2a3oQw",  # noqa: S106 - an example
    )

    id: str
    email: Email
    password: str | None = Field(
        default=None, description=f"The password, where it was made here. {SHOWN_ONCE}"
    )


class PlanLimit(Model):
    """So many units in any window of so many seconds; an operation takes as many as its weight."""

    model_config = example(name="day", units=500_000, seconds=86_400)

    name: str
    units: int
    seconds: int


class PlanView(Model):
    """What a client of this plan may use."""

    model_config = example(name="partner", limits=[{"name": "burst", "units": 100, "seconds": 1}])

    name: str
    limits: tuple[PlanLimit, ...]
    concurrency: int | None = None
    """Requests that may be under way at once at each gateway; null where any number may."""


class PlanList(Model):
    """All plans."""

    items: tuple[PlanView, ...]


class UsageView(Model):
    """How much one client has used of one operation, in one version."""

    model_config = example(
        client=CLIENT_ID,
        service="partner",
        major=1,
        version="2026-11-01",
        operation="partner.place_order",
        calls=120,
        refused=3,
        failed=0,
        units=600,
        last_hour="2026-11-20T16:00:00Z",
    )

    client: str
    """The client's id; empty for calls without a token."""
    service: str
    major: int
    """The `1` of `/partner/v1`."""
    version: str
    """The dated version; empty where the service has none."""
    operation: str
    calls: int
    refused: int
    """How many of them were answered with a 4xx."""
    failed: int
    """How many were answered with a 5xx, or not at all."""
    units: int
    """What they counted against the plan."""
    last_hour: Timestamp
    """When the last hour with a call began."""


class UsageList(Model):
    """Usage, most first."""

    items: tuple[UsageView, ...]
