"""Insert or update in one statement, so that two gateways doing the same at once do not trip each other."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def upsert(
    connection: AsyncConnection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    fresh: Mapping[str, Any] | None = None,
) -> None:
    """Make the row with this unique key have these values; one that is new gets the `fresh` ones as well."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values({**key, **values, **(fresh or {})})
    if values:
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=dict(values))
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    await connection.execute(statement)
