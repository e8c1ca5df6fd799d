"""The outlines of all kinds of processes, also for an operator's process that runs none of them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from triptych.engine.database import EngineDatabase
from triptych.engine.outline import Outline, outline_of
from triptych.engine.saga import Saga


class Outlines:
    """What every engine of this database has told of its sentences. All methods block."""

    def __init__(self, database: EngineDatabase, sagas: Sequence[Saga[Any]]) -> None:
        self._database = database
        self._sagas = sagas
        self._told = sa.Table(
            "triptych_outlines",
            database.metadata,
            sa.Column("flow", sa.Text, primary_key=True),
            sa.Column("outline", sa.Text, nullable=False),
        )

    def declare(self) -> None:
        """Tell the sentences that are known here."""
        told = {saga.flow: outline_of(saga).model_dump_json() for saga in self._sagas}
        self._database.tell(self._told, told)

    def all(self) -> Sequence[Outline]:
        """The sentences of every version that anybody has ever known here, by flow."""
        asked = sa.select(self._told.c.outline)
        told = self._database.transact(lambda connection: connection.execute(asked).scalars().all())
        outlines = [Outline.model_validate_json(text) for text in told]
        return sorted(outlines, key=lambda outline: (outline.flow, outline.version))
