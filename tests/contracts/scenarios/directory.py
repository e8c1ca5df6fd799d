"""The directory: an account is prepared, used, disabled with all that it could do, and opened again."""

from tests.contracts.asking import Json, Service, Services
from tests.contracts.requesting import fresh
from triptych.problems import Conflict, InvalidInput, InvalidState, PreconditionFailed


def story(services: Services) -> None:
    directory = services["directory"]
    directory.keeps("groups", apart_by="code")
    an_account_is_kept(directory)
    who_is_disabled_can_do_nothing(directory)
    a_group_that_somebody_is_in_stays(directory)


def account(directory: Service) -> Json:
    """An account of somebody's own."""
    return directory.makes("accounts", person_id=fresh("person"), login=fresh("login"))


def an_account_is_kept(directory: Service) -> None:
    one, other = account(directory), account(directory)
    directory.refuses("accounts.create", because=Conflict, person_id=one["person_id"], login="other")
    directory.refuses("accounts.create", because=Conflict, person_id="emp_other", login=one["login"])
    directory.does("accounts.get", one)
    directory.does("accounts.find", person_id=one["person_id"])
    directory.does("accounts.changes", limit=1)
    directory.does("accounts.update", one, email="nancy@leverling.example")
    directory.refuses("accounts.update", one, because=PreconditionFailed, email=None)
    directory.refuses("accounts.update", other, because=Conflict, login=one["login"])
    directory.does("accounts.delete", other)
    directory.does("accounts.delete", other)


def who_is_disabled_can_do_nothing(directory: Service) -> None:
    group, nancy = directory.makes("groups"), account(directory)
    access = {"groups": [group["code"]]}
    directory.does("grant_access", nancy, **access)  # before the first day
    directory.refuses("grant_access", nancy, because=InvalidInput, groups=["NO-SUCH-GROUP"])
    directory.does("enable_account", nancy)
    assert directory.does("grant_access", nancy, **access)["groups"] == access["groups"]
    disabled = directory.does("disable_account", nancy)
    assert (disabled["status"], disabled["groups"]) == ("disabled", [])
    directory.refuses("enable_account", nancy, because=InvalidState)
    directory.refuses("grant_access", nancy, because=InvalidState, **access)
    reopened = directory.does("reopen_account", nancy)
    assert (reopened["status"], reopened["groups"]) == ("prepared", [])
    directory.does("enable_account", nancy)
    directory.refuses("reopen_account", nancy, because=InvalidState)
    directory.does("revoke_access", nancy, **access)


def a_group_that_somebody_is_in_stays(directory: Service) -> None:
    group, nancy = directory.makes("groups"), account(directory)
    directory.does("grant_access", nancy, groups=[group["code"]])
    directory.refuses("groups.delete", group, because=Conflict)
    directory.does("revoke_access", nancy, groups=[group["code"]])
    directory.does("groups.delete", group)
