"""`clients` and `plans`: which programs may use the APIs, and how much."""

from datetime import datetime
from typing import Annotated

import typer

from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_facts, write_json, write_line, write_table
from triptych.cli.reaching import with_gateway

Grants = Annotated[
    list[str] | None,
    typer.Option("--grant", help="How it gets tokens, such as client_credentials; can be repeated."),
]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help="What it may ask for, partner:read; can be repeated.")
]
RedirectUris = Annotated[
    list[str] | None, typer.Option("--redirect-uri", help="Where users are sent back to; can be repeated.")
]
Origins = Annotated[
    list[str] | None,
    typer.Option("--origin", help="Web origin whose pages may use its tokens; can be repeated."),
]
Pinned = Annotated[
    datetime | None,
    typer.Option("--pinned", formats=["%Y-%m-%d"], help="The day whose versions of our APIs it gets."),
]
ClientId = Annotated[str, typer.Argument(help="The client's id.")]


def add_client(
    name: Annotated[str, typer.Argument(help="What users and logs call the client.")],
    grant: Grants = None,
    scope: Scopes = None,
    plan: Annotated[str, typer.Option("--plan", help="Its limits: `triptych plans list`.")] = "free",
    redirect_uri: RedirectUris = None,
    public: Annotated[bool, typer.Option("--public", help="It keeps no secret: a page, an app.")] = False,
    customer: Annotated[
        str | None,
        typer.Option("--customer", help="Canonical id of the customer that its orders are charged to."),
    ] = None,
    origin: Origins = None,
    pinned: Pinned = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Register an OAuth client, and show its id and its secret, which is shown this once.

    Without --grant it gets client_credentials; a public one authorization_code and refresh_token.
    """
    from triptych.administration.views import NewClient

    usual = ("authorization_code", "refresh_token") if public else ("client_credentials",)
    new = NewClient(
        name=name,
        grants=tuple(grant or usual),
        scopes=tuple(one for given in scope or () for one in given.split()),
        plan=plan,
        redirect_uris=tuple(redirect_uri or ()),
        public=public,
        customer_id=customer,
        origins=tuple(origin or ()),
        pinned=pinned.date() if pinned else None,
    )
    settings = settings_from(data=data)
    write_facts(with_gateway(settings, "clients add", lambda gateway: gateway.add_client(new)), json=json)


def list_clients(data: Data = None, json: Json = False) -> None:
    """List the OAuth clients that are let in."""
    found = with_gateway(settings_from(data=data), "clients list", lambda gateway: gateway.clients()).items
    if json:
        write_json(found)
        return
    rows = [(one.client_id, one.name, one.plan, " ".join(one.grants), " ".join(one.scopes)) for one in found]
    write_table(("client_id", "name", "plan", "grants", "scopes"), rows)


def show_client(client_id: ClientId, data: Data = None, json: Json = False) -> None:
    """Show what is registered about a client."""
    settings = settings_from(data=data)
    found = with_gateway(settings, "clients show", lambda gateway: gateway.client(client_id))
    write_facts(found, json=json)


def change_client(
    client_id: ClientId, pinned: Pinned = None, origin: Origins = None, data: Data = None, json: Json = False
) -> None:
    """Pin a client to the versions of another day, or name the web pages that may use its tokens."""
    from triptych.administration.views import ClientChanges

    changes = ClientChanges(
        pinned=pinned.date() if pinned else None, origins=None if origin is None else tuple(origin)
    )
    settings = settings_from(data=data)
    found = with_gateway(
        settings, "clients change", lambda gateway: gateway.change_client(client_id, changes)
    )
    write_facts(found, json=json)


def rotate_client_secret(client_id: ClientId, data: Data = None, json: Json = False) -> None:
    """Give a client another secret, which is shown this once. The former one ends at once."""
    settings = settings_from(data=data)
    issued = with_gateway(
        settings, "clients rotate-secret", lambda gateway: gateway.rotate_client_secret(client_id)
    )
    write_facts(issued, json=json)


def revoke_client(client_id: ClientId, data: Data = None, json: Json = False) -> None:
    """Let a client in no more. Its tokens and API keys end, everywhere within a second."""
    settings = settings_from(data=data)
    with_gateway(settings, "clients revoke", lambda gateway: gateway.revoke_client(client_id))
    if json:
        write_json({"client_id": client_id})
    else:
        write_line(f"{client_id} is let in no more.")


def list_plans(data: Data = None, json: Json = False) -> None:
    """List the plans: what a client of each may use."""
    found = with_gateway(settings_from(data=data), "plans list", lambda gateway: gateway.plans()).items
    if json:
        write_json(found)
        return
    rows = [
        (plan.name, ", ".join(f"{limit.units} a {limit.name}" for limit in plan.limits), plan.concurrency)
        for plan in found
    ]
    write_table(("plan", "units", "at once"), rows)
