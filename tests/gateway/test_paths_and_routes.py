"""One path for authorisation and service: whatever is asked, both see the same, and the same operation."""

import re
from typing import Annotated, Any

import pytest
from fastapi import Path
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.routing import Match, Route

from gateway.paths import canonical_path, encoded_path
from gateway.routes import Endpoint, Routes
from gateway.routes import Route as GatewayRoute
from tests.gateway.landscape import Shop, Tick
from triptych.assembly.discovery import installed
from triptych.contract import ExperienceApi, SystemApi, get, operations, post
from triptych.problems import BadRequest

SEGMENT = st.sampled_from(
    ["orders", "orders", "changes", "a", "%6frders", "x%20y", "%C3%A9", "..", "%2e", "a;b"]
)
RAW = st.one_of(
    st.lists(SEGMENT, max_size=5).map(lambda parts: ("/" + "/".join(parts)).encode()),
    st.binary(max_size=40).map(lambda tail: b"/" + tail),
    st.text("/%.25efcE\\;a \x00", max_size=20).map(lambda tail: ("/" + tail).encode()),
)


@given(RAW)
@example(b"/a%2Fb")
@example(b"/a/%2E%2E/b")
@example(b"/%ff")
@example(b"/%C0%AE")
def test_a_path_is_refused_or_has_one_spelling_that_everybody_reads_the_same(raw: bytes):
    try:
        path = canonical_path(raw)
    except BadRequest:
        return
    spelled = encoded_path(path)
    assert canonical_path(spelled) == path
    assert encoded_path(canonical_path(spelled)) == spelled
    assert spelled.count(b"/") == path.count("/")
    assert not {".", "..", ""} & set(path.split("/")[1:-1])
    assert not any(ord(letter) < 32 or letter in "\\\x7f" for letter in path)


PARTS = st.sampled_from(["a", "b", "changes", "{id}", "{other}"])
TEMPLATES = st.lists(
    st.lists(PARTS, max_size=3).map(lambda parts: "".join("/" + part for part in parts)),
    min_size=1,
    max_size=8,
)
PATHS = st.lists(st.sampled_from(["a", "b", "changes", "x", ""]), max_size=4)


@given(TEMPLATES, PATHS)
def test_the_gateway_finds_the_operation_that_the_service_runs(templates: list[str], segments: list[str]):
    endpoints = [Endpoint(str(number), "GET", template, "") for number, template in enumerate(templates)]
    found = GatewayRoute(Shop, "everyone", endpoints).find("GET", ["", "shop", "v1", *segments])

    def endpoint(request: object) -> None:
        raise AssertionError("only its route is asked")

    path = "/shop/v1" + "".join("/" + segment for segment in segments)
    scope: dict[str, Any] = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
    # names of parameters may repeat in a template here, which starlette does not take
    unique = [re.sub(r"\{[a-z]+\}", lambda found: f"{{p{found.start()}}}", one) for one in templates]
    matching = [
        number
        for number, template in enumerate(unique)
        if Route("/shop/v1" + template, endpoint).matches(scope)[0] is Match.FULL
    ]
    assert (int(found.name) if found else None) == (matching[0] if matching else None)


@pytest.mark.parametrize("name", sorted(installed()))
def test_every_public_operation_of_every_service_is_found_and_no_other(name: str):
    api = installed()[name].promised()
    route = Routes.of([api], "*", 1024).at(name, f"v{api.version}")
    assert route is not None
    for operation in operations(api):
        segments = (api.base_path() + re.sub(r"\{\w+\}", "some-id", operation.path)).split("/")
        found = route.find(operation.method, segments)
        if operation.declared.public:
            assert found is not None
            assert (found.name, found.scope) == (operation.full_name, operation.scope)
        else:
            assert found is None or found.name != operation.full_name


class Vault(SystemApi, version=2, owner="security"):
    """Has an operation that is for services only."""

    @get("/open")
    async def open(self) -> Tick:
        """For everyone."""
        ...

    @get("/inside", public=False)
    async def inside(self) -> Tick:
        """For services."""
        ...

    @get("/things/{id}")
    async def thing(self, id: Annotated[str, Path()]) -> Tick:
        """By its id."""
        ...

    @post("/things/{id}")
    async def change(self, id: Annotated[str, Path()]) -> Tick:
        """Change it."""
        ...


def test_what_is_not_public_is_not_there():
    route = Routes.of([Vault], "*", 1024).all[0]
    assert route.find("GET", ["", "vault", "v2", "open"])
    assert route.find("GET", ["", "vault", "v2", "inside"]) is None
    assert route.allowed(["", "vault", "v2", "inside"]) == []
    assert route.allowed(["", "vault", "v2", "things", "x"]) == ["GET", "HEAD", "OPTIONS", "POST"]
    assert route.find("GET", ["", "vault", "v2", "things", ""]) is None
    assert route.find("GET", ["", "vault", "v2"]) is None


class First(ExperienceApi, version=1, owner="web", name="twice"):
    """An older version."""

    @get("/x", scope="")
    async def x(self) -> Tick:
        """X."""
        ...


class Second(ExperienceApi, version=2, owner="web", name="twice"):
    """A newer version."""

    @get("/x", scope="")
    async def x(self) -> Tick:
        """X."""
        ...


def test_versions_of_a_service_stand_beside_each_other():
    routes = Routes.of([Second, First], "", 1024)
    assert [route.prefix for route in routes.versions("twice")] == ["/twice/v1", "/twice/v2"]
    one, two = routes.at("twice", "v1"), routes.at("twice", "v2")
    assert one is not None
    assert two is not None
    assert one.api is First
    assert two.api is Second


def opened(setting: str) -> list[Any]:
    """Who may use the vault."""
    return [route.audience for route in Routes.of([Vault], setting, 1024).all]


def test_settings_open_system_apis_by_name_or_all():
    assert opened("") == ["nobody"]
    assert opened("crm, vault") == ["everyone"]
    assert opened("*") == ["everyone"]
    assert opened("vault2") == ["nobody"]
