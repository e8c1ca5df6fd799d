"""Requests straight to the authorization server, in bytes that no HTTP client would send, and at no cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message


@dataclass
class RawAnswer:
    """What came back, as the server sent it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


async def asked(
    server: ASGIApp,
    method: str,
    path: str,
    query: bytes = b"",
    body: bytes = b"",
    more: Sequence[tuple[bytes, bytes]] = (),
    **headers: bytes | None,
) -> RawAnswer:
    """The answer to one request; `content_type` stands for `content-type`, None leaves the field out.

    `more` header fields can have any name, and come twice.
    """
    answer = RawAnswer()
    said = [(name.replace("_", "-").encode(), value) for name, value in headers.items() if value is not None]
    said += more
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": said,
        "client": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await server(scope, receive, send)
    return answer
