"""`api-keys`: for partners that cannot do OAuth."""

from typing import Annotated

import typer

from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_facts, write_json, write_line, write_table
from triptych.cli.reaching import with_gateway


def add_api_key(
    client_id: Annotated[str, typer.Argument(help="The client that the key stands for.")],
    name: Annotated[str, typer.Option("--name", help="By which its owner knows it.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="What it may do; by default all that the client may; can be repeated."),
    ] = None,
    days: Annotated[int, typer.Option("--days", help="How long it is good for: 1 to 1,825.")] = 365,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make an API key for a client, and show it, this once.

    Plan, limits and customer are those of the client.
    """
    from triptych.administration.key_views import NewApiKey

    scopes = tuple(one for given in scope for one in given.split()) if scope else None
    new = NewApiKey(client_id=client_id, name=name, scopes=scopes, days=days)
    settings = settings_from(data=data)
    write_facts(with_gateway(settings, "api-keys add", lambda gateway: gateway.add_api_key(new)), json=json)


def list_api_keys(
    client: Annotated[str | None, typer.Option("--client", help="Only of this client.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the API keys that were not revoked, without the keys themselves."""
    settings = settings_from(data=data)
    found = with_gateway(settings, "api-keys list", lambda gateway: gateway.api_keys(client)).items
    if json:
        write_json(found)
        return
    rows = [
        (one.id, one.client_id, one.name, one.hint, " ".join(one.scopes), one.expires_at, one.used_at)
        for one in found
    ]
    write_table(("id", "client_id", "name", "key", "scopes", "expires", "last used"), rows)


def revoke_api_key(
    key_id: Annotated[str, typer.Argument(help="The key's id, key_…; not the key itself.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """End an API key, and the access tokens that were made of it, everywhere within a second."""
    settings = settings_from(data=data)
    with_gateway(settings, "api-keys revoke", lambda gateway: gateway.revoke_api_key(key_id))
    if json:
        write_json({"id": key_id})
    else:
        write_line(f"{key_id} is worth nothing any more.")
