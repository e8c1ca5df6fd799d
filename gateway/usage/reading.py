"""What was used, added up."""

from dataclasses import dataclass

from sqlalchemy import func, select

from gateway.usage.tables import USAGE
from triptych.storage import Database


@dataclass(frozen=True, slots=True)
class Use:
    """How much one client has used of one operation, in one version."""

    client: str
    """The `client_id`; empty for calls without a token."""
    service: str
    major: int
    version: str
    """The dated version, `2026-11-01`; empty where the service has none."""
    operation: str
    """`partner.place_order`."""
    calls: int
    refused: int
    """How many of them were answered with a 4xx."""
    failed: int
    """How many were answered with a 5xx, or not at all."""
    units: int
    """What they counted against the plan."""
    last_hour: int
    """Unix second at which the last hour with a call began."""


async def used(
    database: Database, since: int, client: str | None = None, service: str | None = None
) -> list[Use]:
    """What was used in the hours that begin at `since` (Unix seconds) or later; most used first.

    Of one client or one service where they are named. Gateways write every few seconds.
    """
    by = [USAGE.c[name] for name in ("client", "service", "major", "version", "operation")]
    sums = [func.sum(USAGE.c[name]).label(name) for name in ("calls", "refused", "failed", "units")]
    query = select(*by, *sums, func.max(USAGE.c.hour).label("last_hour")).where(USAGE.c.hour >= since)
    if client is not None:
        query = query.where(USAGE.c.client == client)
    if service is not None:
        query = query.where(USAGE.c.service == service)
    async with database.read() as connection:
        rows = await connection.execute(query.group_by(*by))
        found = [
            Use(
                client=row.client,
                service=row.service,
                major=row.major,
                version=row.version,
                operation=row.operation,
                calls=int(row.calls),
                refused=int(row.refused),
                failed=int(row.failed),
                units=int(row.units),
                last_hour=row.last_hour,
            )
            for row in rows
        ]
    return sorted(found, key=lambda use: (-use.calls, use.client, use.operation, use.version))
