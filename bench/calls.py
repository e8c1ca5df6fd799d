"""A call to a system API in embedded placement, policies on, against FastAPI and httpx's ASGITransport."""

import asyncio
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from bench.report import Row, publish
from bench.timing import cpu_each
from triptych.assembly.needs import scopes_of
from triptych.calling.client import client
from triptych.calling.deadlines import DeadlineWheel
from triptych.calling.policy import CallPolicy
from triptych.calling.resilience import Resilience, Target
from triptych.canonical.fields import Id
from triptych.canonical.party import Customer
from triptych.context import Caller, Context, entered
from triptych.contract import SystemApi, get
from triptych.serving.boundary import Boundary

CUSTOMER = Customer(
    id="cus_1", name="Ada", created_at=datetime.now(UTC), updated_at=datetime.now(UTC), email="ada@x.example"
)


class Directory(SystemApi, version=1, owner="bench"):
    """Customers without a store, so that only the way to them is measured."""

    @get("/customers/{customer_id}")
    async def customer(self, customer_id: Id) -> Customer:
        """One customer."""
        ...


class DirectoryService(Directory):
    """Always the same one."""

    async def customer(self, customer_id: Id) -> Customer:
        return CUSTOMER


def by_hand() -> FastAPI:
    """The same in plain FastAPI."""
    app = FastAPI()

    @app.get("/customers/{customer_id}")
    async def read_customer(customer_id: str) -> Customer:
        return CUSTOMER

    return app


async def measure() -> list[Row]:
    """Microseconds of CPU of one call."""
    service = DirectoryService()
    boundary = Boundary(service, DeadlineWheel())
    policy = CallPolicy("bench", scopes_of(Directory), Target("directory", Resilience()))
    directory = client(Directory, boundary, policy)
    transport = httpx.ASGITransport(by_hand())
    async with httpx.AsyncClient(transport=transport, base_url="http://directory") as http:

        async def over_asgi() -> Customer:
            return Customer.model_validate_json((await http.get("/customers/cus_1")).content)

        with entered(Context(Caller("ada", "bench"))):
            found = await cpu_each(
                {
                    "method": (lambda: service.customer("cus_1"), 20_000),
                    "embedded": (lambda: directory.customer("cus_1"), 5_000),
                    "asgi": (over_asgi, 300),
                }
            )
    return [
        Row(
            "one call, embedded, all policies on",
            found["embedded"],
            "µs CPU",
            found["asgi"],
            "FastAPI + httpx ASGITransport",
            "ratio 0.05 or less",
        ),
        Row(
            "one call, embedded, all policies on", found["embedded"], "µs CPU", found["method"], "method call"
        ),
    ]


def main() -> None:
    """Measure and publish."""
    publish("calls", asyncio.run(measure()))
