"""Each operation has its own time, in which it answers or is stopped."""

import asyncio

from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape, Tick
from triptych.calling.deadlines import DeadlineWheel
from triptych.contract import ExperienceApi, get
from triptych.serving.app import service_app
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import Callers


class Snail(ExperienceApi, name="test-snail", version=1, owner="tests"):
    """Takes its time."""

    @get("/crawl", scope="", timeout=0.1)
    async def crawl(self) -> Tick:
        """Longer than it may."""
        ...

    @get("/rest", scope="", timeout=5)
    async def rest(self) -> Tick:
        """As long, and it may."""
        ...


class SnailService(Snail):
    """Half a second for everything."""

    ended = 0

    async def crawl(self) -> Tick:
        await asyncio.sleep(0.5)
        self.ended += 1
        return Tick(number=1)

    async def rest(self) -> Tick:
        await asyncio.sleep(0.5)
        return Tick(number=2)


async def test_an_operation_that_takes_too_long_is_a_504_and_is_stopped(
    landscape: Landscape, browse: Browse
) -> None:
    async def ready() -> None:
        return None

    service = SnailService()
    app = service_app(
        Boundary(service, DeadlineWheel()),
        Callers(Snail, landscape.internal),
        Backstop("2000/second"),
        ready,
    )
    async with browse(landscape.gateway(contracts=[Snail], upstreams={Snail.name: app})) as client:
        late, rested = await asyncio.gather(
            client.get("/test-snail/v1/crawl"), client.get("/test-snail/v1/rest")
        )
    assert (late.status_code, late.json()["type"]) == (504, "/problems/deadline-exceeded")
    assert (rested.status_code, rested.json()) == (200, {"number": 2})
    assert service.ended == 0
