"""Several gateways, each a process of its own: they make the requests that they are told to, all at once.

Each says on standard output at which port of loopback it listens. A line of JSON there is a list of requests;
the line that comes back has their answers. They end when whoever has connected has gone.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TypedDict

from pydantic import SecretStr

from gateway.authorization.service import AuthorizationServer
from tests.gateway.authorization.asking import asked
from tests.gateway.authorization.conftest import ISSUER, open_house
from triptych.settings import Settings


class Try(TypedDict):
    """One request."""

    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]


class Outcome(TypedDict):
    """Its answer."""

    status: int
    headers: dict[str, str]
    body: str


SPEND = "SPEND"
"""Instead of a method: the person in `path` shows the code in `body`, past what slows guessing down."""


async def attempt(server: AuthorizationServer, one: Try) -> Outcome:
    """Make one request."""
    if one["method"] == SPEND:
        accepted = await server.factors.accepts(one["path"], one["body"])
        return {"status": 200 if accepted else 400, "headers": {}, "body": ""}
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in one["headers"].items()]
    answer = await asked(
        server, one["method"], one["path"], one["query"].encode(), one["body"].encode(), headers
    )
    return {"status": answer.status, "headers": answer.headers, "body": answer.body.decode()}


async def serve(data: Path, url: str, name: str) -> None:
    """One gateway, for one connection."""
    settings = Settings(data=data, public_url=ISSUER, database_url=SecretStr(url))
    done = asyncio.Event()
    async with open_house(settings, name) as house:

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                house.clock.catch_up()
                tries: list[Try] = json.loads(line)
                outcomes = await asyncio.gather(*(attempt(house.server, one) for one in tries))
                writer.write(json.dumps(outcomes).encode() + b"\n")
            done.set()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            print(server.sockets[0].getsockname()[1], flush=True)
            await done.wait()


def main(data: Path, url: str, name: str, gateways: int) -> None:
    """So many gateways: what they import is imported once."""
    children = [os.fork()]
    while children[-1] and len(children) < gateways:
        children.append(os.fork())
    if children[-1]:
        for child in children:
            os.waitpid(child, 0)
    else:
        asyncio.run(serve(data, url, name))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
