"""How the directory system API keeps its promise.

Each write is one transaction, and what it reads stays locked until it ends.
"""

from systems.directory.backends import DirectoryBackend
from systems.directory.contract import Access, Directory
from triptych.canonical.directory import (
    ACCOUNT_TRANSITIONS,
    MOST_GROUPS,
    Account,
    AccountFilter,
    AccountStatus,
    GroupFilter,
)
from triptych.contract import every
from triptych.events import Announced, Events, announcing
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound
from triptych.storage import moved


class Groups:
    """Groups; one that somebody is in is not deleted, since it says what they may do."""

    def __init__(self, backend: DirectoryBackend) -> None:
        self._store = backend.groups
        self._accounts = backend.accounts
        self.get = self._store.get
        self.find = self._store.find
        self.changes = self._store.changes
        self.create = self._store.create
        self.update = self._store.update

    async def delete(self, id: str) -> None:
        """Delete a group; raises Conflict while an account is in it."""
        try:
            group = await self._store.get(id)
        except NotFound:
            return  # it is gone already, or never was
        async for account in every(self._accounts, AccountFilter(limit=200)):
            if group.code in account.groups:
                raise Conflict(f"{account.id} is in {group.code}: take it out first.")
        await self._store.delete(id)


class DirectoryService(Directory):
    """Accounts and groups over whichever backend is chosen."""

    def __init__(self, backend: DirectoryBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.groups = Groups(backend)
        self.accounts = backend.accounts

    async def enable_account(self, account_id: str) -> Account:
        return await moved(self._backend.accounts, account_id, ACCOUNT_TRANSITIONS, AccountStatus.ACTIVE)

    async def disable_account(self, account_id: str) -> Account:
        return await moved(
            self._backend.accounts, account_id, ACCOUNT_TRANSITIONS, AccountStatus.DISABLED, groups=()
        )

    async def reopen_account(self, account_id: str) -> Account:
        return await moved(self._backend.accounts, account_id, ACCOUNT_TRANSITIONS, AccountStatus.PREPARED)

    async def grant_access(self, account_id: str, access: Access) -> Account:
        account = await self.accounts.get(account_id)
        if account.status is AccountStatus.DISABLED:
            raise InvalidState(f"{account_id} is disabled: nobody puts it into a group.")
        for place, code in enumerate(access.groups):
            if not (await self.groups.find(GroupFilter(code=code, limit=1))).items:
                raise InvalidInput.at(f"/groups/{place}", f"there is no group {code}")
        return await self._keep(account, {*account.groups, *access.groups})

    async def revoke_access(self, account_id: str, access: Access) -> Account:
        account = await self.accounts.get(account_id)
        return await self._keep(account, set(account.groups) - set(access.groups))

    async def _keep(self, account: Account, groups: set[str]) -> Account:
        """The account in these groups and no others."""
        if len(groups) > MOST_GROUPS:
            raise InvalidInput.at("/groups", f"an account is in {MOST_GROUPS} groups at most")
        if groups == set(account.groups):
            return account
        return await self._backend.accounts.save(account, groups=tuple(sorted(groups)))


def _telling(backend: DirectoryBackend, events: Events) -> DirectoryBackend:
    """The backend, with everything told that opens or closes an account."""
    accounts = Announced(
        backend.accounts,
        events,
        reaching={
            AccountStatus.ACTIVE: Directory.account_enabled,
            AccountStatus.DISABLED: Directory.account_disabled,
        },
    )
    return announcing(backend, accounts=accounts)
