"""The rules of equipment: what a person is given leaves the stock piece by piece, and comes back once."""

from systems.warehouse.backends import WarehouseBackend
from triptych.canonical.equipment import Handout, HandoutFilter, NewHandout
from triptych.canonical.inventory import InventoryLevel, InventoryLevelFilter
from triptych.contract import every
from triptych.problems import Conflict, FieldError, InsufficientStock
from triptych.storage import Ruled


class Handouts(Ruled[Handout, NewHandout, HandoutFilter]):
    """Handouts, each of a piece that nobody was promised."""

    def __init__(self, backend: WarehouseBackend) -> None:
        super().__init__(backend.handouts)
        self._inventory = backend.inventory

    async def create(self, new: NewHandout) -> Handout:
        """Hand a piece out; raises InsufficientStock when there is none, Conflict for what was handed out."""
        if new.external_id is not None:
            same = HandoutFilter(external_id=new.external_id, limit=1)
            for other in (await self.store.find(same)).items:
                detail = f"{new.external_id!r} is taken by {other.id}"
                raise Conflict(f"{detail}.", errors=[FieldError(pointer="/external_id", detail=detail)])
        level = await self._fullest(new)
        await self._inventory.save(level, on_hand=level.on_hand - 1)
        return await self.store.add(new.model_copy(update={"location_id": level.location_id}))

    async def _fullest(self, new: NewHandout) -> InventoryLevel:
        """Where most of it can be had, locked."""
        here = InventoryLevelFilter(sku=(new.sku,), location_id=new.location_id, limit=200)
        ids = sorted([level.id async for level in every(self._inventory, here)])
        levels = [await self._inventory.get(id) for id in ids]
        available = [level for level in levels if level.available > 0]
        if not available:
            raise InsufficientStock(f"Nothing of {new.sku} is available.", sku=new.sku, available=0)
        return max(available, key=lambda level: level.available)
