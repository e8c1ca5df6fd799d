"""Every command, once, with the example that its help shows."""

from collections.abc import Callable
from typing import Any

import typer

from triptych.cli.access import (
    add_client,
    change_client,
    list_clients,
    list_plans,
    revoke_client,
    rotate_client_secret,
    show_client,
)
from triptych.cli.alerts import end_silence, list_alerts, silence, try_channels
from triptych.cli.api_keys import add_api_key, list_api_keys, revoke_api_key
from triptych.cli.audit import verify
from triptych.cli.connectors import list_connectors
from triptych.cli.contracts import changelog, check, export, release
from triptych.cli.dead_letters import (
    discard_dead_letter,
    edit_dead_letter,
    list_dead_letters,
    show_dead_letter,
)
from triptych.cli.keys import list_keys, rotate_keys
from triptych.cli.landscape import services, settings
from triptych.cli.load import load
from triptych.cli.new import experience_api, process_api, system_api
from triptych.cli.people import (
    add_user,
    disable_user,
    list_users,
    remove_second_factor,
    set_password,
    sign_out,
)
from triptych.cli.processes import (
    archive,
    archived,
    balance,
    cancel,
    diagram,
    list_processes,
    retry,
    show,
    versions,
)
from triptych.cli.replaying import replay
from triptych.cli.running import serve, up
from triptych.cli.tokens import token
from triptych.cli.usage import contracts_usage, usage
from triptych.cli.where import where

Command = tuple[str, Callable[..., Any], str]

COMMANDS: list[Command] = [
    ("up", up, "triptych up --port 8080"),
    ("serve", serve, "triptych serve crm --port 8101"),
    ("services", services, "triptych services --json"),
    ("settings", settings, "TRIPTYCH_LOG_LEVEL=debug triptych settings"),
    ("load", load, "triptych load ../books --mapping books.yaml"),
    ("usage", usage, "triptych usage --service partner --days 7"),
    ("token", token, "TOKEN=$(triptych token partner-acme)"),
    ("where", where, "triptych where PO-2026-0815"),
]
A_CLIENT = "client_01jd3k7m9vq8x2c4n6b8d0f2hg"
A_PROCESS = "order-to-fulfillment.fulfil:ord_01jd3k7m9vq8x2c4n6b8d0f2hg"
GROUPS: list[tuple[str, str, list[Command]]] = [
    (
        "clients",
        "The OAuth clients: who may use the APIs.",
        [
            ("add", add_client, "triptych clients add 'Acme' --scope partner:read --plan partner --json"),
            ("list", list_clients, "triptych clients list"),
            ("show", show_client, f"triptych clients show {A_CLIENT} --json"),
            ("change", change_client, f"triptych clients change {A_CLIENT} --pinned 2026-11-01"),
            ("rotate-secret", rotate_client_secret, f"triptych clients rotate-secret {A_CLIENT}"),
            ("revoke", revoke_client, f"triptych clients revoke {A_CLIENT}"),
        ],
    ),
    (
        "users",
        "The people who can sign in.",
        [
            ("add", add_user, "triptych users add ada@example.com --scope 'service-desk:*'"),
            ("list", list_users, "triptych users list --json"),
            ("disable", disable_user, "triptych users disable ada@example.com"),
            ("passwd", set_password, "triptych users passwd ada@example.com"),
            (
                "remove-second-factor",
                remove_second_factor,
                "triptych users remove-second-factor ada@example.com",
            ),
            ("sign-out", sign_out, "triptych users sign-out ada@example.com"),
        ],
    ),
    (
        "api-keys",
        "For partners that cannot do OAuth.",
        [
            ("add", add_api_key, f"triptych api-keys add {A_CLIENT} --name 'Night run' --days 90"),
            ("list", list_api_keys, f"triptych api-keys list --client {A_CLIENT} --json"),
            ("revoke", revoke_api_key, "triptych api-keys revoke key_01jd3k7m9vq8x2c4n6b8d0f2hg"),
        ],
    ),
    ("plans", "What a client may use.", [("list", list_plans, "triptych plans list --json")]),
    (
        "keys",
        "What signs tokens.",
        [
            ("list", list_keys, "triptych keys list --json"),
            ("rotate", rotate_keys, "triptych keys rotate"),
        ],
    ),
    (
        "contracts",
        "The published OpenAPI documents, and what was promised with them.",
        [
            ("export", export, "triptych contracts export"),
            ("check", check, "triptych contracts check --json"),
            ("release", release, "triptych contracts release"),
            ("usage", contracts_usage, "triptych contracts usage partner"),
            ("changelog", changelog, "triptych contracts changelog partner"),
        ],
    ),
    (
        "audit",
        "The record of what was done through the gateway.",
        [("verify", verify, "triptych audit verify --json")],
    ),
    (
        "connectors",
        "What the system APIs stand on.",
        [("list", list_connectors, "triptych connectors list --json")],
    ),
    (
        "new",
        "The first files of a new service.",
        [
            ("system-api", system_api, "triptych new system-api loyalty --noun 'loyalty card'"),
            ("process-api", process_api, "triptych new process-api contract-renewal --calls crm"),
            ("experience-api", experience_api, "triptych new experience-api courier-app --package acme"),
        ],
    ),
    (
        "processes",
        "Business processes: what runs, and where it stands.",
        [
            ("list", list_processes, "triptych processes list --stage running"),
            ("show", show, f"triptych processes show {A_PROCESS}"),
            ("retry", retry, f"triptych processes retry {A_PROCESS}"),
            ("cancel", cancel, f"triptych processes cancel {A_PROCESS}"),
            ("balance", balance, "triptych processes balance --json"),
            ("versions", versions, "triptych processes versions"),
            ("archive", archive, "triptych processes archive --days 90"),
            ("archived", archived, "triptych processes archived 2026-07"),
            ("diagram", diagram, "triptych processes diagram order-to-fulfillment.fulfil"),
        ],
    ),
    (
        "dead-letters",
        "What got stuck, kept until somebody replays or discards it.",
        [
            ("list", list_dead_letters, "triptych dead-letters list --error Unavailable --json"),
            ("show", show_dead_letter, f"triptych dead-letters show {A_PROCESS} --payload"),
            (
                "edit",
                edit_dead_letter,
                f"triptych dead-letters edit {A_PROCESS} --set payment.token=tok_visa --dry-run",
            ),
            (
                "replay",
                replay,
                "triptych dead-letters replay --service order-to-fulfillment --rate 20/s",
            ),
            (
                "discard",
                discard_dead_letter,
                f"triptych dead-letters discard {A_PROCESS} --reason 'settled by phone'",
            ),
        ],
    ),
    (
        "alerts",
        "What holds now and should not, and who is told.",
        [
            ("list", list_alerts, "triptych alerts list --json"),
            ("silence", silence, "triptych alerts silence slow-calls --minutes 90 --reason 'stock-taking'"),
            ("unsilence", end_silence, "triptych alerts unsilence sil_01jd3k7m9vq8x2c4n6b8d0f2hg"),
            ("test", try_channels, "triptych alerts test pager"),
        ],
    ),
]

ABOUT = """Triptych: system, process and experience APIs behind one gateway.

Settings come from flags, the environment (TRIPTYCH_…), the file .env, or defaults: `triptych settings`.
"""
ENDINGS = (
    "Exit codes: 0 done · 1 refused or failed · 2 not understood · 3 nothing running or reachable · "
    "4 data folder or address in use · 130 interrupted"
)


def application() -> typer.Typer:
    """The program: called, it runs the command that the arguments ask for."""
    app = typer.Typer(
        name="triptych",
        help=ABOUT,
        epilog=ENDINGS,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=True,
    )
    _fill(app, COMMANDS)
    for name, about, commands in GROUPS:
        group = typer.Typer(name=name, help=about, no_args_is_help=True)
        _fill(group, commands)
        app.add_typer(group)
    return app


def _fill(app: typer.Typer, commands: list[Command]) -> None:
    for name, function, example in commands:
        app.command(name, epilog=f"Example: {example}")(function)
