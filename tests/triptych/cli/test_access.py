"""Commands for clients, people, plans and keys, against a platform that runs."""

from collections.abc import Generator

import httpx
import orjson
import pytest

from tests.triptych.cli.conftest import Triptych
from tests.triptych.running.shell import Running, Shell

pytestmark = pytest.mark.blocking("a command has its event loop to itself")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shell]:
    found = Shell(tmp_path_factory.mktemp("shell"), TRIPTYCH_SERVICES="crm", TRIPTYCH_SEED="false")
    yield found
    found.close()


@pytest.fixture(scope="module")
def running(shell: Shell) -> Running:
    return shell.up()


@pytest.fixture
def beside(triptych: Triptych, running: Running, shell: Shell) -> Triptych:
    """Run a command against the platform that is up."""
    return lambda *arguments, **settings: triptych(*arguments, TRIPTYCH_DATA=str(shell.data), **settings)


@pytest.fixture
def acme(beside: Triptych) -> dict[str, str]:
    """A client, with its secret."""
    return orjson.loads(beside("clients", "add", "Acme", "--scope", "crm:read", "--json").out)


def token_status(running: Running, client_id: str, secret: str) -> int:
    """How the token endpoint answers to these credentials."""
    form = {"grant_type": "client_credentials"}
    return httpx.post(
        f"{running.address}/oauth/token", data=form, auth=(client_id, secret), trust_env=False
    ).status_code


def test_a_client_is_shown_as_it_was_registered(beside: Triptych, acme: dict[str, str]) -> None:
    shown = orjson.loads(beside("clients", "show", acme["client_id"], "--json").out)
    lines = beside("clients", "show", acme["client_id"]).out.splitlines()

    assert (shown["name"], shown["plan"], shown["scopes"]) == ("Acme", "free", ["crm:read"])
    assert "client_secret" not in shown
    assert ["scopes", "crm:read"] in [line.split() for line in lines]


def test_a_secret_that_is_rotated_is_the_only_one_from_then_on(
    beside: Triptych, running: Running, acme: dict[str, str]
) -> None:
    former = acme["client_secret"]
    fresh = orjson.loads(beside("clients", "rotate-secret", acme["client_id"], "--json").out)["client_secret"]

    assert fresh != former
    assert token_status(running, acme["client_id"], former) == 401
    assert token_status(running, acme["client_id"], fresh) == 200


def test_a_revoked_client_is_let_in_no_more_and_is_no_longer_listed(
    beside: Triptych, running: Running, acme: dict[str, str]
) -> None:
    revoked = beside("clients", "revoke", acme["client_id"])
    listed = orjson.loads(beside("clients", "list", "--json").out)

    assert revoked.out == f"{acme['client_id']} is let in no more.\n"
    assert token_status(running, acme["client_id"], acme["client_secret"]) == 401
    assert acme["client_id"] not in [one["client_id"] for one in listed]


@pytest.mark.parametrize("command", ["show", "rotate-secret", "revoke"])
def test_a_client_that_nobody_registered_is_not_found(beside: Triptych, command: str) -> None:
    refused = beside("clients", command, "client_none")

    assert refused.code == 1
    assert "There is no client 'client_none'" in refused.err


def test_an_api_key_is_made_for_a_client_listed_without_itself_and_revoked(
    beside: Triptych, running: Running, acme: dict[str, str]
) -> None:
    made = orjson.loads(
        beside("api-keys", "add", acme["client_id"], "--name", "Night run", "--days", "90", "--json").out
    )
    listed = beside("api-keys", "list", "--client", acme["client_id"])
    revoked = beside("api-keys", "revoke", made["id"])
    left = orjson.loads(beside("api-keys", "list", "--client", acme["client_id"], "--json").out)
    refused = beside("api-keys", "add", acme["client_id"], "--name", "Night run", "--scope", "crm:write")

    assert made["key"].startswith("trp_live_")
    assert made["scopes"] == ["crm:read"]
    assert made["id"] in listed.out
    assert made["key"] not in listed.out
    assert revoked.out == f"{made['id']} is worth nothing any more.\n"
    assert left == []
    assert (refused.code, "/scopes/0" in refused.err) == (1, True)


def test_a_client_of_a_plan_that_does_not_exist_is_refused_naming_those_that_do(beside: Triptych) -> None:
    refused = beside("clients", "add", "Acme", "--scope", "crm:read", "--plan", "parnter")

    assert refused.code == 1
    assert (
        "/plan: 'parnter' is no plan; there are anonymous, oauth, hooks, free, partner, internal"
        in refused.err
    )


def test_plans_are_listed_with_what_may_be_used(beside: Triptych) -> None:
    listed = {plan["name"]: plan["limits"] for plan in orjson.loads(beside("plans", "list", "--json").out)}
    table = beside("plans", "list")

    assert {"name": "day", "units": 10_000, "seconds": 86_400} in listed["free"]
    assert "20 a burst, 10000 a day" in table.out


def test_people_are_listed_given_passwords_signed_out_and_disabled(beside: Triptych) -> None:
    added = orjson.loads(beside("users", "add", "eve@example.com", "--name", "Eve", "--json").out)
    given = orjson.loads(beside("users", "passwd", "eve@example.com", "--json").out)
    signed_out = beside("users", "sign-out", "eve@example.com")
    disabled = beside("users", "disable", added["id"])
    listed = {one["email"]: one for one in orjson.loads(beside("users", "list", "--json").out)}

    assert given["id"] == added["id"]
    assert given["password"] != added["password"]
    assert signed_out.out == "eve@example.com is signed out everywhere.\n"
    assert disabled.code == 0
    assert (listed["eve@example.com"]["disabled"], listed["eve@example.com"]["name"]) == (True, "Eve")


@pytest.mark.parametrize("command", ["disable", "passwd", "sign-out", "remove-second-factor"])
def test_a_stranger_is_not_found(beside: Triptych, command: str) -> None:
    refused = beside("users", command, "nobody@example.com")

    assert refused.code == 1
    assert "There is no user 'nobody@example.com'" in refused.err


def test_a_password_that_is_too_short_is_refused(beside: Triptych) -> None:
    beside("users", "add", "eve@example.com")
    refused = beside("users", "passwd", "eve@example.com", TRIPTYCH_USER_PASSWORD="short")

    assert refused.code == 1
    assert "A password has 8 to 1024 characters" in refused.err


def test_a_name_that_is_too_long_is_refused(beside: Triptych) -> None:
    refused = beside("clients", "add", "A" * 201)

    assert refused.code == 1
    assert "name: String should have at most 200 characters" in refused.err


@pytest.mark.parametrize(
    ("issuers", "reason"),
    [
        ("{", "TRIPTYCH_ISSUERS is not JSON: "),
        ("[{}]", "TRIPTYCH_ISSUERS_0_AUDIENCE: Field required"),
        (
            '[{"name": "staff", "issuer": "http://login.example", "audience": "api",'
            ' "groups": {"a": ["viewer"]}}]',
            "'http://login.example' is no issuer",
        ),
        (
            '[{"name": "staff", "issuer": "https://login.example", "audience": "api", "plan": "gold",'
            ' "groups": {"a": ["viewer"]}}]',
            "'gold' is no plan",
        ),
    ],
)
def test_a_wrong_setting_of_foreign_issuers_says_what_is_wrong(
    triptych: Triptych, issuers: str, reason: str
) -> None:
    refused = triptych("clients", "list", TRIPTYCH_ISSUERS=issuers, TRIPTYCH_SERVICES="crm")

    assert refused.code == 1
    assert reason in refused.err
    assert "Traceback" not in refused.err


def test_keys_are_listed_and_not_rotated_before_the_next_one_is_known_everywhere(beside: Triptych) -> None:
    listed = orjson.loads(beside("keys", "list", "--json").out)
    table = beside("keys", "list")
    refused = beside("keys", "rotate")

    assert sorted(one["place"] for one in listed) == ["current", "next"]
    assert [one["signs_since"] is not None for one in sorted(listed, key=lambda one: one["place"])] == [
        True,
        False,
    ]
    assert all(one["kid"] in table.out for one in listed)
    assert refused.code == 1
    assert "was published less than 120 seconds ago" in refused.err


def test_a_client_can_be_pinned_to_a_day_and_told_its_web_pages(
    beside: Triptych, acme: dict[str, str]
) -> None:
    arguments = ("--pinned", "2026-07-01", "--origin", "https://acme.example", "--json")
    changed = orjson.loads(beside("clients", "change", acme["client_id"], *arguments).out)
    shown = orjson.loads(beside("clients", "show", acme["client_id"], "--json").out)
    wrong = beside("clients", "change", acme["client_id"], "--pinned", "yesterday")
    nobody = beside("clients", "change", "nobody", "--pinned", "2026-07-01")

    assert (changed["pinned"], changed["origins"]) == ("2026-07-01", ["https://acme.example"])
    assert shown == changed
    assert (wrong.code, nobody.code) == (2, 1)
