"""Who may use what: accounts, and the groups that give them access."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, New, example, example_of
from triptych.canonical.fields import Code, Email, Flag, Id, Name, PersonalCode, PersonName
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter

MOST_GROUPS = 200
"""Groups that one account may be in."""

Groups = Annotated[tuple[Code, ...], Field(max_length=MOST_GROUPS)]
"""Groups, by their codes."""


class NewGroup(New):
    """What can be given of a group. What it names of position, department and location is its rule."""

    model_config = example(code="SALES-BERLIN", name="Sales in Berlin", department="Sales", location="Berlin")

    code: Code
    """What it is called in short (SCIM Group externalId)."""
    name: Name
    """What it gives access to (SCIM Group displayName)."""
    by_rule: Flag = True
    """Whether everybody is in it whom its rule fits; otherwise people are put into it one by one."""
    position_code: Code | None = None
    """It is for holders of this position."""
    department: Name | None = None
    """It is for this department."""
    location: Name | None = None
    """It is for those who work there."""

    def fits(self, position_code: str | None, department: str | None, location: str | None) -> bool:
        """Whether somebody with this work is in it: by all that its rule names; without a rule, everybody."""
        work = (
            (self.position_code, position_code),
            (self.department, department),
            (self.location, location),
        )
        return self.by_rule and all(named in (None, given) for named, given in work)


class Group(NewGroup, Entity, prefix="grp"):
    """Accounts that have the same access (SCIM Group, RFC 7643)."""

    model_config = example_of(NewGroup, "grp_01jd3k7m9vq8x2c4n6b8d0f2hg")


class GroupFilter(Filter):
    """Which groups to list."""

    code: Code | None = None
    by_rule: bool | None = None


class AccountStatus(StrEnum):
    """Whether an account can be used."""

    PREPARED = "prepared"
    """Made, and not usable yet."""
    ACTIVE = "active"
    DISABLED = "disabled"
    """Not usable any more; it is in no group."""


ACCOUNT_TRANSITIONS = Transitions(
    "account",
    {
        AccountStatus.PREPARED: {AccountStatus.ACTIVE, AccountStatus.DISABLED},
        AccountStatus.ACTIVE: {AccountStatus.DISABLED},
        AccountStatus.DISABLED: {AccountStatus.PREPARED},
    },
)


class NewAccount(New):
    """What can be given of an account."""

    model_config = example(
        person_id="emp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        login="nancy.davolio",
        name="Nancy Davolio",
        email="nancy.davolio@triptych.example",
    )

    person_id: Id
    """Whose it is; a person has one (SCIM User externalId)."""
    login: PersonalCode
    """What they sign in with; nobody else has it (SCIM userName)."""
    name: PersonName
    """What the person is called (SCIM displayName)."""
    email: Email | None = None
    """Their address at work."""


class Account(NewAccount, Entity, prefix="act"):
    """What a person signs in with, at every system (SCIM User, RFC 7643)."""

    model_config = example_of(
        NewAccount, "act_01jd3k7m9vq8x2c4n6b8d0f2hg", status="active", groups=["SALES-BERLIN"]
    )

    status: AccountStatus = AccountStatus.PREPARED
    """Whether it can be used."""
    groups: Groups = ()
    """The groups that it is in, in the order of their codes."""


class AccountFilter(Filter):
    """Which accounts to list."""

    person_id: Id | None = None
    login: PersonalCode | None = None
    status: AccountStatus | None = None
