"""Storage: a database for each service, and the store that embedded backends stand on.

An embedded backend, whole::

    CUSTOMERS = entity_table(
        "customers",
        Customer,
        indexed={"external_id": UNIQUE, "email": INDEXED, "country": Indexed(of="address.country")},
        search=["name", "email"],                    # what the filter's `q` looks into
    )

    class EmbeddedCrm:
        def __init__(self, database: Database) -> None:
            self.customers = EmbeddedStore(database, CUSTOMERS, new=NewCustomer, filter=CustomerFilter)

`customers` is a `Collection`, and besides offers services `add(new, **state)`, `insert(entity)`,
`save(entity, **changes)` (compare-and-set on the version), `get_by(external_id=…)` and `remove(id)`. What
`get` and `get_by` read within a write transaction is locked. Its migration, `migrations/0001_first.py` beside
the service::

    revision = "0001"
    down_revision = None

    def upgrade() -> None:
        create_service_tables()
        create_entity_table(
            "customers",
            Column("external_id", Text, unique=True),
            Column("email", Text),
            Column("country", Text),
            search=True,
        )

A database is had from `async with Storage(settings, secrets) as storage: await storage.open("crm", folder)`:

| call | does |
|---|---|
| `async with database.read() as connection` | SQLAlchemy Core on an `AsyncConnection`, for SELECT |
| `async with database.write() as connection` | a transaction; nested ones, stores and `emit` join it |
| `await database.run(function)` | the same around a function, run again after a deadlock |
| `await database.emit(Event(type=…, data=…))` | an event that is delivered if this transaction commits |
| `await database.once_with_effect(…)`, `once_elsewhere(…)` | a write that happens once for its key |
| `await database.purge()` | deletes expired keys; to be called now and then |
| `with detached():` | what is called inside does not join: the boundary of a service |

Never call `commit()`, `rollback()` or `begin()` on a connection: the transaction ends with its block.
"""

from triptych.storage.ambient import detached
from triptych.storage.database import Database
from triptych.storage.errors import StorageError
from triptych.storage.factory import Storage
from triptych.storage.outbox import Event
from triptych.storage.repeating import Again, AskAPerson, FindFirst
from triptych.storage.seam import Ruled, Store, moved
from triptych.storage.store import EmbeddedStore, EntityStore
from triptych.storage.tables import INDEXED, UNIQUE, EntityTable, Indexed, entity_table
from triptych.storage.types import Moment

__all__ = [
    "INDEXED",
    "UNIQUE",
    "Again",
    "AskAPerson",
    "Database",
    "EmbeddedStore",
    "EntityStore",
    "EntityTable",
    "Event",
    "FindFirst",
    "Indexed",
    "Moment",
    "Ruled",
    "Storage",
    "StorageError",
    "Store",
    "detached",
    "entity_table",
    "moved",
]
