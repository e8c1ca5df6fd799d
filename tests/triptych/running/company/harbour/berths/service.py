"""How the berths system API keeps its promise."""

from triptych.storage import Database, EmbeddedStore, entity_table

from .contract import Berth, BerthFilter, Berths, NewBerth

BERTHS = entity_table("berths", Berth)


class BerthsService(Berths):
    """Berths in the service's own database."""

    def __init__(self, database: Database) -> None:
        self.berths = EmbeddedStore(database, BERTHS, new=NewBerth, filter=BerthFilter)
