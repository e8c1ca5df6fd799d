"""What a supervisor and a worker say to each other: a line each, over a pair of sockets.

The worker says `ready` once it takes requests. The supervisor says `drain` when another one has taken its
place. An end of the line means that the other one has ended, however that came about.
"""

import asyncio
from socket import socket
from typing import Self

READY = b"ready\n"
DRAIN = b"drain\n"


class Channel:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket) -> Self:
        """The channel over one of the two sockets."""
        end.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=end))

    def say(self, line: bytes) -> None:
        """Say it, if anybody still listens."""
        if not self._writer.is_closing():
            self._writer.write(line)

    async def heard(self) -> bytes:
        """The next line; empty when the other one has ended."""
        try:
            return await self._reader.readline()
        except ConnectionError:
            return b""

    def close(self) -> None:
        """Nothing more to say."""
        self._writer.close()
