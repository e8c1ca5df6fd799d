"""The control contract, kept: over the platform and the gateway of this process."""

import os
import time

from triptych.assembly.platform import Platform
from triptych.engine import ProcessEngine, ProcessStatus
from triptych.problems import NotFound
from triptych.running.control import (
    AuditFinding,
    Control,
    ProcessList,
    Stage,
    Status,
)
from triptych.running.front import Front


class Desk(Control):
    """Takes the operator's commands."""

    def __init__(self, platform: Platform, front: Front, engine: ProcessEngine | None, began: float) -> None:
        self._platform = platform
        self._front = front
        self._engine = engine
        self._began = began

    async def status(self) -> Status:
        settings = self._platform.settings
        return Status(
            pid=os.getpid(),
            address=settings.base_url,
            topology=settings.topology,
            services=tuple(self._platform.services),
            uptime_seconds=round(time.monotonic() - self._began, 1),
        )

    async def verify_audit(self, kept: str = "") -> AuditFinding:
        found = await self._front.audit.verify(kept)
        return AuditFinding(
            records=found.records, sequence=found.sequence, reason=found.reason, head=found.head
        )

    async def processes(
        self, of: str | None = None, stage: Stage | None = None, limit: int = 50
    ) -> ProcessList:
        if self._engine is None:
            return ProcessList(items=())
        return ProcessList(items=await self._engine.list(of, which=stage, limit=limit))

    async def process(self, process: str) -> ProcessStatus:
        return await self._having(process).show(process)

    async def retry_process(self, process: str) -> ProcessStatus:
        return await self._having(process).retry(process)

    async def cancel_process(self, process: str) -> ProcessStatus:
        return await self._having(process).cancel(process)

    def _having(self, process: str) -> ProcessEngine:
        if self._engine is None:
            raise NotFound(f"There is no process {process}: no service here has processes.")
        return self._engine
