"""Channels that really take notices: a web server and a mail server of this test, and rules to tell them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from triptych.calling.outside import Outside
from triptych.operations.alerts.ledger import AlertLedger
from triptych.operations.alerts.telling import Teller
from triptych.operations.service import MIGRATIONS
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Storage

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Receiver:
    """What a channel's server got, and what it answers."""

    port: int = 0
    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])
    mails: list[str] = field(default_factory=list[str])
    refusing: bool = False

    async def serve_web(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request, and answer with `status`."""
        await reader.readline()
        headers: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((headers, body))
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def serve_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take mails as RFC 5321 says."""
        writer.write(b"220 test ESMTP\r\n")
        while line := (await reader.readline()).decode():
            command = line.split()[0].upper()
            if command == "DATA":
                writer.write(b"354 go on\r\n")
                mail = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.mails.append(mail)
                writer.write(b"250 taken\r\n")
            elif command == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            elif command == "RCPT" and self.refusing:
                writer.write(b"451 later\r\n")
            else:
                writer.write(b"250 well\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving(what: str) -> AsyncGenerator[Receiver]:
    """A web or a mail server on loopback."""
    receiver = Receiver()
    server = await asyncio.start_server(
        receiver.serve_web if what == "web" else receiver.serve_mail, "127.0.0.1", 0
    )
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


@pytest.fixture
async def hook() -> AsyncGenerator[Receiver]:
    """Somebody's webhook."""
    async with receiving("web") as receiver:
        yield receiver


@pytest.fixture
async def post_office() -> AsyncGenerator[Receiver]:
    """A mail server."""
    async with receiving("mail") as receiver:
        yield receiver


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncGenerator[AlertLedger]:
    """The ledger of alerts, in a database of its own."""
    settings = await asyncio.to_thread(lambda: Settings(data=tmp_path))
    async with Storage(settings, await asyncio.to_thread(Secrets, settings)) as storage:
        yield AlertLedger(await storage.open("operations", MIGRATIONS))


def teller(settings: Settings, *, private: bool = True) -> Teller:
    """Tells channels, whose secret is in the environment."""
    return Teller(settings, {"HOOK_SECRET": SECRET}, Outside(allow_private=private))
