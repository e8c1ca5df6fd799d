"""The model of a state is known to others by its place; only what is the service's own is imported."""

import asyncio
from pathlib import Path

import sqlalchemy as sa

from processes.order_to_fulfillment.steps import Fulfilment
from triptych.engine.database import EngineDatabase
from triptych.engine.states import States
from triptych.settings import Settings

FLOW = "order-to-fulfillment.fulfil.v1"


async def test_a_model_is_found_by_whoever_does_not_run_its_flow_and_only_within_its_service(tmp_path: Path):
    def look() -> None:
        database = EngineDatabase(Settings(data=tmp_path))
        try:
            ours = States(database, {FLOW: Fulfilment, "company.flow.v1": Fulfilment})
            database.prepare()
            ours.declare()
            ours.declare()
            others = EngineDatabase(Settings(data=tmp_path))
            theirs = States(others, {})
            assert theirs.of(FLOW) is Fulfilment
            assert theirs.of("company.flow.v1") is None  # no such service is installed
            assert theirs.of("order-to-fulfillment.fulfil.v9") is None
            for place in (
                "os:system",
                "systems.crm.contract:Crm",
                "processes.order_to_fulfillment.steps:FulfilmentSteps",
            ):
                with others.engine.begin() as connection:
                    connection.execute(sa.text("UPDATE triptych_flows SET state = :place"), {"place": place})
                assert theirs.of(FLOW) is None
            others.close()
        finally:
            database.close()

    await asyncio.to_thread(look)
