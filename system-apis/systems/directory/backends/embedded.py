"""The accounts of a company that has no directory for them, in the service's own database."""

from triptych.canonical.directory import Account, AccountFilter, Group, GroupFilter, NewAccount, NewGroup
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

GROUPS = entity_table("groups", Group, indexed={"code": UNIQUE, "by_rule": INDEXED})
ACCOUNTS = entity_table(
    "accounts", Account, indexed={"person_id": UNIQUE, "login": UNIQUE, "status": INDEXED}
)


class EmbeddedDirectory:
    """Implements DirectoryBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.groups = EmbeddedStore(database, GROUPS, new=NewGroup, filter=GroupFilter)
        self.accounts = EmbeddedStore(database, ACCOUNTS, new=NewAccount, filter=AccountFilter)
