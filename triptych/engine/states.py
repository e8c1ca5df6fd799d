"""Which model the state of each flow has, also for an operator's process that does not run it."""

from collections.abc import Mapping
from importlib import import_module

import sqlalchemy as sa
from pydantic import BaseModel

from triptych.assembly.discovery import package_of
from triptych.engine.database import EngineDatabase, service_of


class States:
    """The models of states, by flow: those known here, and those that other processes have declared."""

    def __init__(self, database: EngineDatabase, known: Mapping[str, type[BaseModel]]) -> None:
        self._database = database
        self._known = known
        self._flows = sa.Table(
            "triptych_flows",
            database.metadata,
            sa.Column("flow", sa.Text, primary_key=True),
            sa.Column("state", sa.Text, nullable=False),
        )

    def declare(self) -> None:
        """Tell other processes where the models are that are known here. Blocks."""
        places = {flow: f"{model.__module__}:{model.__qualname__}" for flow, model in self._known.items()}
        self._database.tell(self._flows, places)

    def of(self, flow: str) -> type[BaseModel] | None:
        """The model of a flow's state; None where nobody here can know it. Blocks.

        Of what the database names only that is imported which belongs to the installed service itself.
        """
        if flow in self._known:
            return self._known[flow]
        asked = sa.select(self._flows.c.state).where(self._flows.c.flow == flow)
        place = self._database.transact(lambda connection: connection.execute(asked).scalar())
        module, _, name = (place or "").partition(":")
        package = package_of(service_of(flow))
        if package is None or not f"{module}.".startswith(f"{package}."):
            return None
        found = getattr(import_module(module), name, None)
        return found if isinstance(found, type) and issubclass(found, BaseModel) else None
