"""What the directory system API promises."""

from typing import Annotated

from fastapi import Body
from pydantic import Field

from triptych.canonical.base import Model, example
from triptych.canonical.directory import (
    MOST_GROUPS,
    Account,
    AccountFilter,
    Group,
    GroupFilter,
    NewAccount,
    NewGroup,
)
from triptych.canonical.fields import Code, Id
from triptych.contract import Collection, Raises, SystemApi, event, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


class Access(Model):
    """Groups that an account is put into, or taken out of."""

    model_config = example(groups=["SALES-BERLIN"])

    groups: Annotated[tuple[Code, ...], Field(min_length=1, max_length=MOST_GROUPS)]
    """Which ones, by their codes."""


class Directory(SystemApi, version=1, owner="it-operations"):
    """Accounts and groups, whichever identity provider keeps them.

    A person has one account. One that is disabled is in no group, and can do nothing anywhere.
    """

    groups: Annotated[Collection[Group, NewGroup, GroupFilter], Raises(delete=[Conflict])]
    accounts: Collection[Account, NewAccount, AccountFilter]

    account_enabled = event(Account, "An account can be used.")
    account_disabled = event(Account, "An account can be used no more.")

    @post("/accounts/{account_id}/enable", raises=[NotFound, InvalidState])
    async def enable_account(self, account_id: Id) -> Account:
        """Let its owner sign in; what can be used already stays so."""
        ...

    @post("/accounts/{account_id}/disable", raises=[NotFound])
    async def disable_account(self, account_id: Id) -> Account:
        """Take every access away at once: nobody can sign in with it, and it is in no group any more."""
        ...

    @post("/accounts/{account_id}/reopen", raises=[NotFound, InvalidState])
    async def reopen_account(self, account_id: Id) -> Account:
        """Prepare a disabled account for its owner, who comes back; it is in no group yet."""
        ...

    @post("/accounts/{account_id}/grant", raises=[NotFound, InvalidInput, InvalidState])
    async def grant_access(self, account_id: Id, access: Annotated[Access, Body()]) -> Account:
        """Put an account into groups; those that it is in already it stays in."""
        ...

    @post("/accounts/{account_id}/revoke", raises=[NotFound])
    async def revoke_access(self, account_id: Id, access: Annotated[Access, Body()]) -> Account:
        """Take an account out of groups; those that it is not in do not matter."""
        ...
