"""Which version a client gets, and what becomes of requests and answers of an older one."""

from datetime import date
from typing import Annotated, Any

import pytest
from fastapi import Body
from starlette.types import ASGIApp

from tests.gateway.conftest import Browse, Serve
from tests.gateway.landscape import Landscape
from tests.gateway.raw import statuses, talk
from triptych.calling.deadlines import DeadlineWheel
from triptych.canonical.base import Model
from triptych.contract import ExperienceApi, VersionChange, get, post
from triptych.problems import InvalidInput
from triptych.serving.app import service_app
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import Callers
from triptych.serving.openapi import document

FIRST, SECOND = "2026-03-01", "2026-10-01"


class Cup(Model):
    """One cup."""

    colour: str


class CupUntilOctober(Model):
    """One cup, then."""

    color: str


class ColourIsBritish(
    VersionChange, on=date(2026, 10, 1), operations=["cup", "paint"], before={Cup: CupUntilOctober}
):
    """It is `colour`."""

    def upgrade_request(self, body: Any) -> Any:
        return {"colour": body["color"]}

    def downgrade_response(self, body: Any) -> Any:
        return {"color": body["colour"]}

    def downgrade_pointer(self, pointer: str) -> str:
        return pointer.replace("/colour", "/color")


class Cupboard(
    ExperienceApi,
    name="test-cupboard",
    version=1,
    owner="tests",
    since=date(2026, 3, 1),
    changes=[ColourIsBritish],
):
    """Cups."""

    @get("/cup")
    async def cup(self) -> Cup:
        """The cup."""
        ...

    @get("/shelf")
    async def shelf(self) -> int:
        """How high."""
        ...

    @post("/cup", keyed=False, raises=[InvalidInput])
    async def paint(self, cup: Annotated[Cup, Body()]) -> Cup:
        """Another colour."""
        ...


class CupboardService(Cupboard):
    """One cup, of the colour that it was painted last."""

    def __init__(self) -> None:
        self.colour = "blue"

    async def cup(self) -> Cup:
        return Cup(colour=self.colour)

    async def shelf(self) -> int:
        return 3

    async def paint(self, cup: Cup) -> Cup:
        if cup.colour == "none":
            raise InvalidInput("no colour", errors=[{"pointer": "/colour", "detail": "none is no colour"}])
        self.colour = cup.colour
        return cup


@pytest.fixture
def cupboard(landscape: Landscape) -> ASGIApp:
    """The cupboard behind the gateway; `client-old` is pinned to a day in June."""

    async def ready() -> None:
        return None

    def documents(name: str, version: int) -> dict[str, Any]:
        return document(Cupboard)

    app = service_app(
        Boundary(CupboardService(), DeadlineWheel()),
        Callers(Cupboard, landscape.internal),
        Backstop("2000/second"),
        ready,
    )
    pins = {"client-old": "2026-06-15", "client-new": "2026-12-24", "client-early": "2020-01-01"}
    contracts = (*landscape.contracts, Cupboard)
    upstreams = {**landscape.apps, Cupboard.name: app}
    return landscape.gateway(
        contracts=contracts,
        upstreams=upstreams,
        pins=pins.get,
        documents=documents,
    )


@pytest.mark.parametrize(
    ("client", "asked", "version", "body"),
    [
        ("new", None, SECOND, {"colour": "blue"}),
        ("old", None, FIRST, {"color": "blue"}),
        ("early", None, FIRST, {"color": "blue"}),
        ("unheard-of", None, SECOND, {"colour": "blue"}),
        ("new", FIRST, FIRST, {"color": "blue"}),
        ("old", SECOND, SECOND, {"colour": "blue"}),
    ],
)
async def test_a_client_gets_what_it_asks_for_or_what_it_is_pinned_to(
    landscape: Landscape,
    browse: Browse,
    cupboard: ASGIApp,
    client: str,
    asked: str | None,
    version: str,
    body: Any,
) -> None:
    headers = landscape.token(client, "test-cupboard:read")
    headers |= {"triptych-version": asked} if asked else {}
    async with browse(cupboard) as http:
        answer = await http.get("/test-cupboard/v1/cup", headers=headers)
    assert answer.json() == body
    assert answer.headers["triptych-version"] == version
    assert "triptych-version" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    "asked", ["2026-06-15", "tomorrow", "", "2026-3-1", "2026-03-01T00:00:00Z", "\xff", "0" * 500]
)
async def test_a_version_that_there_is_not_is_refused_with_those_that_there_are(
    landscape: Landscape, browse: Browse, cupboard: ASGIApp, asked: str
) -> None:
    headers = {
        **landscape.token("old", "test-cupboard:read"),
        "triptych-version": asked.encode("latin-1"),
    }
    async with browse(cupboard) as http:
        answer = await http.get("/test-cupboard/v1/cup", headers=headers)  # pyright: ignore[reportArgumentType] - octets that are no text
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (400, "/problems/unknown-version")
    assert problem["versions"] == [FIRST, SECOND]
    assert FIRST in problem["detail"]
    assert SECOND in problem["detail"]


async def test_two_versions_at_once_are_refused(
    landscape: Landscape, browse: Browse, cupboard: ASGIApp
) -> None:
    headers = [*landscape.token("old", "test-cupboard:read").items()]
    async with browse(cupboard) as http:
        answer = await http.get(
            "/test-cupboard/v1/cup",
            headers=[*headers, ("triptych-version", FIRST), ("triptych-version", SECOND)],
        )
    assert answer.status_code == 400


async def test_a_service_without_dated_versions_says_so(landscape: Landscape, browse: Browse) -> None:
    headers = landscape.token("acme", "shop:read")
    async with browse(landscape.gateway()) as http:
        plain = await http.get("/shop/v1/products", headers=headers)
        asked = await http.get("/shop/v1/products", headers={**headers, "triptych-version": SECOND})
    assert "triptych-version" not in plain.headers
    assert (asked.status_code, asked.json()["detail"]) == (
        400,
        "/shop/v1 has no dated versions: ask for none.",
    )


async def test_an_older_request_is_read_judged_and_answered_in_its_own_words(
    landscape: Landscape, browse: Browse, cupboard: ASGIApp
) -> None:
    headers = landscape.token("old", "test-cupboard:read", "test-cupboard:write")

    async def chunks() -> Any:
        yield b'{"color":'
        yield b'"green"}'

    async with browse(cupboard) as http:

        async def paint(**arguments: Any) -> Any:
            arguments.setdefault("headers", headers)
            return await http.post("/test-cupboard/v1/cup", **arguments)

        painted = await paint(json={"color": "red"})
        typed = {**headers, "content-type": "application/json"}
        streamed = await paint(content=chunks(), headers=typed)
        newer = await paint(json={"colour": "red"})
        refused = await paint(json={"color": "none"})
        broken = await paint(content=b'{"color":', headers=typed)
        nan = await paint(content=b'{"color": NaN}', headers=typed)
        untyped = await paint(content=b'{"color": "red"}')
        large = await paint(content=b'{"color": "%s"}' % (b"x" * 2_000_000), headers=typed)
    assert painted.json() == {"color": "red"}
    assert streamed.json() == {"color": "green"}
    assert [error["pointer"] for error in newer.json()["errors"]] == ["/color", "/colour"]
    assert refused.json()["errors"][0]["pointer"] == "/color"
    assert [broken.status_code, nan.status_code] == [400, 422]
    assert untyped.status_code == 415
    assert large.status_code == 413


async def test_an_etag_of_one_version_is_none_of_another(
    landscape: Landscape, browse: Browse, cupboard: ASGIApp
) -> None:
    old = landscape.token("old", "test-cupboard:read")
    new = landscape.token("new", "test-cupboard:read")
    async with browse(cupboard) as http:

        async def status(headers: dict[str, str], tag: str) -> int:
            tagged = {**headers, "if-none-match": tag}
            return (await http.get("/test-cupboard/v1/cup", headers=tagged)).status_code

        older = (await http.get("/test-cupboard/v1/cup", headers=old)).headers["etag"]
        newer = (await http.get("/test-cupboard/v1/cup", headers=new)).headers["etag"]
        assert older == newer[:-1] + f'.{FIRST}"'
        assert [await status(old, older), await status(new, newer)] == [304, 304]
        assert [await status(old, newer), await status(new, older)] == [200, 200]


async def test_what_no_change_touches_goes_through_as_it_is(
    landscape: Landscape, browse: Browse, cupboard: ASGIApp
) -> None:
    headers = landscape.token("old", "test-cupboard:read")
    async with browse(cupboard) as http:
        answer = await http.get("/test-cupboard/v1/shelf", headers=headers)
        head = await http.head("/test-cupboard/v1/cup", headers=headers)
    assert (answer.json(), answer.headers["triptych-version"]) == (3, FIRST)
    assert (head.status_code, head.headers["triptych-version"]) == (200, FIRST)


async def test_each_version_has_its_document_and_the_portal_tells_what_changed(
    browse: Browse, cupboard: ASGIApp
) -> None:
    async with browse(cupboard) as http:
        path = "/openapi/test-cupboard.v1.json"
        older = await http.get(path, params={"version": FIRST})
        again = await http.get(
            path, params={"version": FIRST}, headers={"if-none-match": older.headers["etag"]}
        )
        latest = await http.get(path)
        unknown = await http.get(path, params={"version": "2026-06-15"})
        undated = await http.get("/openapi/shop.v1.json", params={"version": FIRST})
        page = await http.get("/portal/test-cupboard/v1/changelog")
        reference = await http.get("/portal/test-cupboard/v1")
        without = await http.get("/portal/shop/v1/changelog")
    assert list(older.json()["components"]["schemas"]["Cup"]["properties"]) == ["color"]
    assert list(latest.json()["components"]["schemas"]["Cup"]["properties"]) == ["colour"]
    assert latest.json()["info"]["x-version"] == SECOND
    assert again.status_code == 304
    assert (unknown.status_code, unknown.json()["versions"]) == (400, [FIRST, SECOND])
    assert (undated.status_code, undated.json()["versions"]) == (400, [])
    assert "<code>POST /test-cupboard/v1/cup</code>" in page.text
    assert f'href="/openapi/test-cupboard.v1.json?version={FIRST}"' in page.text
    assert 'href="/portal/test-cupboard/v1/changelog"' in reference.text
    assert without.status_code == 404


async def test_an_older_body_is_translated(landscape: Landscape, serve_both: Serve, cupboard: ASGIApp):
    request = b"POST /test-cupboard/v1/cup HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer old\r\n"
    sized, chunked = (
        b"Content-Length: %d\r\n\r\n%b",
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n",
    )
    landscape.token("old", "test-cupboard:write")
    async with serve_both(cupboard) as port:
        for size, framed in ((0, sized), (0, chunked), (100_000, sized), (100_000, chunked)):
            body = b'{"color":"red"' + b" " * size + b"}"
            kind = b"Content-Type: application/json\r\n"
            said = await talk(port, request + kind + framed % (len(body), body))
            assert (statuses(said), said.rpartition(b"\r\n")[2]) == ([200], b'{"color":"red"}')
