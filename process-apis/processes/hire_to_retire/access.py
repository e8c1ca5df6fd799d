"""What people may use, as it follows from their work: their account, and the groups that fit them."""

import re
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress

from systems.directory.contract import Access, Directory
from systems.hr.contract import Hr
from triptych.canonical.directory import (
    Account,
    AccountFilter,
    AccountStatus,
    Group,
    GroupFilter,
    NewAccount,
)
from triptych.canonical.employment import EmploymentChange
from triptych.canonical.people import Employee
from triptych.contract import every
from triptych.problems import Conflict, NotFound

LONGEST = 40
"""Characters of a login, before what tells namesakes apart."""
NAMESAKES = 20
"""Logins that are tried before one is made that nobody can have."""


def login_of(name: str, namesake: int = 1) -> str:
    """What somebody signs in with: `Zoë O'Hara` is `zoe.ohara`, the second one `zoe.ohara2`."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = [re.sub(r"[^a-z0-9]", "", word) for word in plain.split()]
    login = ".".join(word for word in words if word)[:LONGEST].strip(".") or "colleague"
    return login if namesake == 1 else f"{login}{namesake}"


class Rights:
    """Accounts and groups in the directory, over the work that HR knows of."""

    def __init__(self, hr: Hr, directory: Directory) -> None:
        self._hr = hr
        self._directory = directory

    async def account_of(self, person_id: str) -> Account | None:
        """Somebody's account, if they have one."""
        found = await self._directory.accounts.find(AccountFilter(person_id=person_id, limit=1))
        return found.items[0] if found.items else None

    async def prepare(self, employee: Employee) -> Account:
        """The account of somebody who begins: a new one, or the one that they had."""
        if account := await self.account_of(employee.id):
            closed = account.status is AccountStatus.DISABLED
            return await self._directory.reopen_account(account.id) if closed else account
        for namesake in range(1, NAMESAKES + 1):
            with suppress(Conflict):  # somebody else signs in with it
                return await self._make(employee, login_of(employee.name, namesake))
        return await self._make(employee, employee.id)

    async def _make(self, employee: Employee, login: str) -> Account:
        new = NewAccount(person_id=employee.id, login=login, name=employee.name, email=employee.email)
        return await self._directory.accounts.create(new)

    async def wanted(self, employee: Employee, change: EmploymentChange | None = None) -> set[str]:
        """The groups that somebody's work puts them into; after a change, if one is named."""
        position_id = (change and change.position_id) or employee.position_id
        position = await self._hr.positions.get(position_id) if position_id else None
        department = (change and change.department) or employee.department
        belongs = department or (position.department if position else None)
        location = (change and change.location) or employee.location
        code = position.code if position else None
        return {group.code async for group in self._by_rule() if group.fits(code, belongs, location)}

    async def not_wanted(self, account: Account, wanted: set[str]) -> set[str]:
        """The groups that an account is in by no rule any more; those by hand stay."""
        by_rule = {group.code async for group in self._by_rule()}
        return (set(account.groups) & by_rule) - wanted

    def _by_rule(self) -> AsyncIterator[Group]:
        return every(self._directory.groups, GroupFilter(by_rule=True, limit=200))

    async def grant(self, account_id: str, groups: tuple[str, ...]) -> None:
        """Put an account into these groups."""
        if groups:
            await self._directory.grant_access(account_id, Access(groups=groups))

    async def revoke(self, account_id: str, groups: tuple[str, ...]) -> None:
        """Take an account out of these groups, unless it is gone."""
        if groups:
            with suppress(NotFound):
                await self._directory.revoke_access(account_id, Access(groups=groups))
