"""What the directory system API stands on: a store for each noun."""

from typing import Protocol

from triptych.canonical.directory import Account, AccountFilter, Group, GroupFilter, NewAccount, NewGroup
from triptych.storage import Store


class DirectoryBackend(Protocol):
    """Where accounts and groups are kept."""

    groups: Store[Group, NewGroup, GroupFilter]
    accounts: Store[Account, NewAccount, AccountFilter]
