"""`token`: an access token, to be pasted or put into a shell variable."""

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.exits import UNREACHABLE, CommandError
from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_json, write_line

if TYPE_CHECKING:
    from triptych.settings import Settings


def token(
    client: Annotated[str, typer.Argument(help="Name of a client in demo.json, or any client's id.")],
    scope: Annotated[str | None, typer.Option("--scope", help="Scopes to ask for; by default all.")] = None,
    secret: Annotated[
        str | None,
        typer.Option("--secret", envvar="TRIPTYCH_CLIENT_SECRET", help="For a client not in demo.json."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Print an access token for a client, got with its secret from the running gateway."""
    settings = settings_from(data=data)
    client_id, found_secret = _credentials(settings, client, secret)
    answer = _asked(_issuer(settings), client_id, found_secret, scope)
    if json:
        write_json(answer)
    else:
        write_line(str(answer["access_token"]))


def _credentials(settings: "Settings", client: str, secret: str | None) -> tuple[str, str]:
    """The client's id and secret; given, or from demo.json."""
    from triptych.running import demo_file

    if secret:
        return client, secret
    demo = demo_file.read(settings.data)
    access = demo.clients.get(client) if demo else None
    if access is None:
        known = f"; it knows {', '.join(demo.clients)}" if demo else ""
        raise CommandError(
            f"{settings.data / demo_file.DEMO_FILE} knows no client {client}{known}. "
            "For a client of your own give TRIPTYCH_CLIENT_SECRET, or --secret."
        )
    if access.client_secret is None:
        raise CommandError(
            f"{client} is a public client, without a secret: its users sign in at the gateway "
            "(authorization code with PKCE)."
        )
    return access.client_id, access.client_secret


def _issuer(settings: "Settings") -> str:
    """Where the running gateway is: what the data folder's lock says, else what the settings say."""
    from triptych.running.data_folder import DataFolder

    holder = DataFolder(settings.data).holder()
    return holder.address if holder and holder.address else settings.base_url


def _asked(issuer: str, client_id: str, secret: str, scope: str | None) -> dict[str, object]:
    import httpx

    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    try:
        answer = httpx.post(
            f"{issuer}/oauth/token", data=form, auth=(client_id, secret), timeout=10, trust_env=False
        )
        document = answer.json()
    except httpx.HTTPError as error:
        raise CommandError(
            f"No gateway answers at {issuer}. Start it with `triptych up`.", UNREACHABLE
        ) from error
    except ValueError as error:
        raise CommandError(f"What answers at {issuer} is no Triptych gateway.", UNREACHABLE) from error
    if answer.status_code != 200:
        why = document.get("error_description") or document.get("detail") or document.get("error")
        raise CommandError(f"The gateway gives {client_id} no token: {why}")
    return document
