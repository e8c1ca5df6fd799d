"""A number that grows with every change that all gateways must notice: to clients, keys and revocations."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.authorization.tables import generation


async def bump(connection: AsyncConnection) -> None:
    """Say that something changed, in the same transaction as the change."""
    await connection.execute(update(generation).values(value=generation.c.value + 1))


async def current(connection: AsyncConnection) -> int:
    """The number now."""
    return (await connection.execute(select(generation.c.value))).scalar_one()
