"""One kind of process: what its service starts, asks after, follows and cancels."""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic

import orjson
from pydantic import BaseModel

from triptych.canonical.base import thaw
from triptych.engine.former import Former
from triptych.engine.sentence import Part, S, check_sentence, wait_named
from triptych.engine.status import ProcessStatus

if TYPE_CHECKING:
    from triptych.engine.processes import Processes
    from triptych.engine.timetable import Schedule


class Saga(Generic[S]):
    """Processes that follow one sentence. Made by `ProcessEngine.saga`, kept by the service."""

    def __init__(
        self,
        name: str,
        version: int,
        sentence: Sequence[Part[S]],
        state: type[S],
        begins: str,
        in_order_by: str | None,
        processes: "Callable[[], Processes]",
        former: Sequence[Former] = (),
    ) -> None:
        check_sentence(name, version, sentence)
        self.name = name
        self.flow = f"{name}.v{version}"
        """Its name in the engine, with the version: a changed sentence is another one."""
        self.sentence = tuple(sentence)
        self.state_type = state
        if in_order_by is not None and in_order_by not in state.model_fields:
            raise ValueError(
                f"process {name} is to run in the order of {in_order_by}, which is not in its state"
            )
        self.in_order_by = in_order_by
        self.schedule: Schedule[S] | None = None
        """When processes of this kind begin by themselves."""
        self.begins = begins
        self._processes = processes
        self._formerly = {each.version: each for each in former}
        self.former = tuple(
            Saga[Any](name, each.version, each.steps, each.state or state, begins, in_order_by, processes)
            for each in former
        )
        """The versions that it had, whose processes end as they began."""
        self.upgrades = tuple(f"{name}.v{each.version}" for each in former if each.upgrade)
        """Those of them whose waiting processes go on under this one, if that comes the same way."""

    def process_id(self, about: str) -> str:
        """The id in the engine of the process that was started with `about`; the same in every version.

        Raises ValueError when `about` does not fit into an idempotency key.
        """
        if not re.fullmatch(r"[!-~]{1,100}", about):
            raise ValueError(f"a process is started for an id of 1 to 100 ASCII characters, not {about!r}")
        return f"{self.name}:{about}"

    async def start(self, about: str, state: S) -> ProcessStatus:
        """Start the process for `about`, such as an order's id, and answer its status.

        Starting it again changes nothing, also with another state: the first start counts.
        """
        process = self.process_id(about)
        document = state.model_dump(mode="json")
        processes = self._processes()
        lane = None if self.in_order_by is None else str(document[self.in_order_by])
        await processes.begin(self.flow, process, document, self.begins, lane)
        return await processes.show(process)

    async def status(self, about: str) -> ProcessStatus:
        """Where the process stands. Raises NotFound."""
        return await self._processes().show(self.process_id(about))

    async def state(self, about: str) -> S:
        """The process's state so far: its input and what the steps added. Raises NotFound."""
        return self.read(await self.status(about))

    def read(self, status: ProcessStatus) -> S:
        """The state that a status tells of, in the model of this version."""
        was = self._formerly.get(status.version)
        if was is None or was.state is None:
            return self.of(thaw(status.data))
        state = was.state.model_validate_json(orjson.dumps(thaw(status.data)))
        today = was.becomes(state) if was.becomes else state
        return today if isinstance(today, self.state_type) else self.of(today.model_dump(mode="json"))

    def of(self, document: Mapping[str, Any]) -> S:
        """The state that is kept as this document."""
        return self.state_type.model_validate_json(orjson.dumps(document))

    async def tell(self, about: str, line: str, message: BaseModel) -> ProcessStatus:
        """Tell the process what it waits for, or will wait for: `paid`, or `paid.2` in a second round.

        It is kept until the process comes to that wait. Telling it the same again changes nothing.

        Raises NotFound; InvalidState when it was told something else before, when it is too late, or when it
        is not needed; ValueError or TypeError when that is no wait of its sentence, or not its message;
        Unavailable when it follows a version that is not known here.
        """
        return await self._processes().tell(self.process_id(about), line, message)

    def message(self, line: str, message: BaseModel) -> str:
        """A message for a wait of this sentence as JSON. Raises ValueError or TypeError when it is none."""
        wait = wait_named(self.sentence, line)
        if wait is None:
            raise ValueError(f"{self.flow} has no wait named {line}")
        if not isinstance(message, wait.message):
            raise TypeError(f"{line} of {self.flow} is told a {wait.message.__name__}, not {message!r}")
        return message.model_dump_json()

    async def cancel(self, about: str) -> ProcessStatus:
        """Have the process undo what it did, and end as `cancelled`; asking again is no error.

        It ends its present step first. Raises NotFound; InvalidState when it has ended, was rejected, or has
        begun its final step.
        """
        return await self._processes().cancel(self.process_id(about))

    def follow(self, about: str) -> AsyncIterator[ProcessStatus]:
        """Its status now and after each change, until it rests or the engine stops. Raises NotFound."""
        return self._processes().follow(self.process_id(about))

    async def settled(self, about: str) -> ProcessStatus:
        """Its status once it rests: completed, rejected, cancelled or parked.

        Raises NotFound; Unavailable when the engine stops before.
        """
        return await self._processes().settled(self.process_id(about))
