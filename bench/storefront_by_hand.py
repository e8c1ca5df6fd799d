"""The baseline of `storefront`: `GET /products` by hand in plain FastAPI, with nothing else to it.

`python -m bench.storefront_by_hand DATA PORT` serves a seeded data folder in two ways, both with the models
of the storefront's contract, and both under uvicorn with uvloop and httptools:

- `/products` asks what the platform asks: the same documents out of the same SQLite files, through
  SQLAlchemy's asyncio engine, read into the same canonical models and put together in one function.
- `/joined/products` is what somebody would write who has one database, with columns made for this page: one
  join over a copy of the same rows, and the answer's model made of it.

Neither knows of tokens, scopes, limits, deadlines, traces, metrics, audit, ETags, cursors or compression.
"""

import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Query
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from experiences.storefront.contract import ShopQuery
from experiences.storefront.views import ShopProduct
from triptych.canonical.commerce import CatalogueItem
from triptych.canonical.inventory import InventoryLevel, Location
from triptych.canonical.money import Money
from triptych.contract import Page

CATALOGUE = "SELECT body FROM catalogue WHERE published AND NOT deleted ORDER BY created_at, id LIMIT :limit"
LEVELS = "SELECT body FROM inventory WHERE NOT deleted AND sku IN ({names})"
LOCATIONS = "SELECT body FROM locations WHERE NOT deleted"
COPY = """
    CREATE TABLE product AS SELECT id, created_at, sku, published, body ->> 'name' AS name,
        body ->> 'description' AS description, body ->> 'category' AS category,
        body ->> '$.price.amount_minor' AS amount_minor, body ->> '$.price.currency' AS currency
        FROM commerce.catalogue WHERE NOT deleted;
    CREATE INDEX product_order ON product (created_at, id);
    CREATE TABLE stock AS SELECT inventory.sku, max(0, (inventory.body ->> 'on_hand')
        - (inventory.body ->> 'reserved') - (inventory.body ->> 'safety_stock')) AS available
        FROM warehouse.inventory AS inventory JOIN warehouse.locations AS place
        ON place.id = inventory.location_id AND place.ships WHERE NOT inventory.deleted;
    CREATE INDEX stock_of ON stock (sku);
"""
JOINED = """
    SELECT product.*, coalesce(sum(stock.available), 0) AS available
    FROM product LEFT JOIN stock ON stock.sku = product.sku
    WHERE published GROUP BY product.id ORDER BY product.created_at, product.id LIMIT :limit
"""


def application(data: Path) -> FastAPI:
    """Both endpoints over a seeded folder."""
    commerce, warehouse = _engine(data / "commerce.db"), _engine(data / "warehouse.db")
    own = _engine(_copied(data))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        for engine in (commerce, warehouse, own):
            await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/products")
    async def read_products(query: Annotated[ShopQuery, Query()]) -> Page[ShopProduct]:
        items = [
            CatalogueItem.model_validate_json(row["body"])
            for row in await _rows(commerce, CATALOGUE, limit=query.limit + 1)
        ]
        skus = {f"sku_{number}": item.sku for number, item in enumerate(items)}
        levels = LEVELS.format(names=", ".join(f":{name}" for name in skus))
        places = {
            place.id: place
            for place in (
                Location.model_validate_json(row["body"]) for row in await _rows(warehouse, LOCATIONS)
            )
        }
        available = Counter[str]()
        for row in await _rows(warehouse, levels, **skus):
            level = InventoryLevel.model_validate_json(row["body"])
            if places[level.location_id].ships:
                available[level.sku] += level.available
        return Page(items=tuple(ShopProduct.of(item, available[item.sku]) for item in items[: query.limit]))

    @app.get("/joined/products")
    async def read_joined(query: Annotated[ShopQuery, Query()]) -> Page[ShopProduct]:
        rows = await _rows(own, JOINED, limit=query.limit + 1)
        return Page(items=tuple(_product(row) for row in rows[: query.limit]))

    return app


def _product(row: RowMapping) -> ShopProduct:
    return ShopProduct(
        sku=row["sku"],
        name=row["name"],
        description=row["description"],
        category=row["category"],
        price=Money(amount_minor=row["amount_minor"], currency=row["currency"]),
        available=row["available"],
    )


def _engine(path: Path) -> AsyncEngine:
    return create_async_engine(f"sqlite+aiosqlite:///{path}")


async def _rows(engine: AsyncEngine, sql: str, **values: Any) -> Sequence[RowMapping]:
    async with engine.connect() as connection:
        return (await connection.execute(text(sql), values)).mappings().all()


def _copied(data: Path) -> Path:
    """A database of its own, filled with what the page shows."""
    path = data / "by_hand.db"
    with sqlite3.connect(path) as connection:
        for name in ("commerce", "warehouse"):
            connection.execute(f"ATTACH '{data / name}.db' AS {name}")
        connection.executescript(COPY)
    return path


if __name__ == "__main__":
    uvicorn.run(application(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="error", access_log=False)
