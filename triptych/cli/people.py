"""`users`: the people who can sign in."""

from typing import TYPE_CHECKING, Annotated

import typer

from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_facts, write_json, write_line, write_table
from triptych.cli.reaching import with_gateway

if TYPE_CHECKING:
    from triptych.administration.contract import GatewayAdmin
    from triptych.administration.views import UserView

Person = Annotated[str, typer.Argument(help="The person's e-mail address, or id.")]
Password = Annotated[
    str | None, typer.Option("--password", envvar="TRIPTYCH_USER_PASSWORD", help="By default one is made.")
]


def add_user(
    email: Annotated[str, typer.Argument(help="Address to sign in with.")],
    name: Annotated[str, typer.Option("--name", help="The person's name; by default the address.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="What the person may do at most, storefront:*; can be repeated."),
    ] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Canonical id of the customer that this is.")
    ] = None,
    password: Password = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Let somebody sign in, or change who has this address.

    A password that is made is shown this once. Give one of your own in TRIPTYCH_USER_PASSWORD rather than
    on the command line, which others on this machine can see.
    """
    from triptych.administration.views import NewUser

    new = NewUser(
        email=email,
        name=name or email,
        password=password,
        scopes=tuple(one for given in scope or () for one in given.split()),
        customer_id=customer,
    )
    settings = settings_from(data=data)
    write_facts(with_gateway(settings, "users add", lambda gateway: gateway.add_user(new)), json=json)


def list_users(data: Data = None, json: Json = False) -> None:
    """List the people who can sign in, and those who no longer can."""

    async def work(gateway: "GatewayAdmin") -> "list[UserView]":
        from triptych.administration.views import UserQuery

        found: list[UserView] = []
        query = UserQuery(limit=200)
        while True:
            page = await gateway.users(query)
            found += page.items
            if page.next_cursor is None:
                return found
            query = UserQuery(limit=200, cursor=page.next_cursor)

    found = with_gateway(settings_from(data=data), "users list", work)
    if json:
        write_json(found)
        return
    rows = [
        (one.email, one.name, " ".join(one.scopes), "disabled" if one.disabled else "", one.id)
        for one in found
    ]
    write_table(("email", "name", "scopes", "", "id"), rows)


def disable_user(user: Person, data: Data = None, json: Json = False) -> None:
    """Let somebody in no more, and sign them out everywhere; `users add` lets them in again."""
    settings = settings_from(data=data)
    with_gateway(settings, "users disable", lambda gateway: gateway.disable_user(user))
    _done(user, f"{user} is let in no more.", json)


def set_password(user: Person, password: Password = None, data: Data = None, json: Json = False) -> None:
    """Give somebody another password, and sign them out everywhere.

    One that is made is shown this once. Give one of your own in TRIPTYCH_USER_PASSWORD.
    """
    from triptych.administration.views import NewPassword

    new, settings = NewPassword(password=password), settings_from(data=data)
    given = with_gateway(settings, "users passwd", lambda gateway: gateway.set_password(user, new))
    write_facts(given, json=json)


def remove_second_factor(user: Person, data: Data = None, json: Json = False) -> None:
    """Let somebody who has lost their phone sign in with a password alone, and sign them out everywhere."""
    settings = settings_from(data=data)
    with_gateway(settings, "users remove-second-factor", lambda gateway: gateway.remove_second_factor(user))
    _done(user, f"{user} signs in with a password alone.", json)


def sign_out(user: Person, data: Data = None, json: Json = False) -> None:
    """Sign somebody out everywhere: all sessions, refresh tokens and access tokens end at once."""
    settings = settings_from(data=data)
    with_gateway(settings, "users sign-out", lambda gateway: gateway.sign_out(user))
    _done(user, f"{user} is signed out everywhere.", json)


def _done(user: str, said: str, json: bool) -> None:
    if json:
        write_json({"user": user})
    else:
        write_line(said)
