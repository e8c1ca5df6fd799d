"""The portal's pages: complete, linked, safe, and without anything from elsewhere."""

import html
import json
import re
import shlex
import shutil
from html.parser import HTMLParser
from typing import Any

import pytest
from playwright.async_api import async_playwright

from gateway.portal.reference import reference
from gateway.portal.schemas import Schemas, words
from gateway.portal.text import inline, json_marked, prose, shell_marked
from tests.conftest import absent
from tests.gateway.conftest import Browse, Serve
from tests.gateway.landscape import Landscape
from triptych.assembly.discovery import installed
from triptych.contract import events
from triptych.documents import asyncapi
from triptych.problems import Problem
from triptych.serving.openapi import document

SERVICES = installed()
VOID = {"meta", "link", "input", "br", "path"}


class Seen(HTMLParser):
    """What a page links to, loads and names; and whether its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if "href" in named:
            (self.loads if tag == "link" else self.links).append(named["href"])
        if "src" in named:
            self.loads.append(named["src"])
        if "id" in named:
            self.ids.append(named["id"])
        assert "style" not in named, "the policy allows no inline styles"
        assert not any(name.startswith("on") for name in named), "nor inline scripts"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


async def test_every_service_has_a_page_that_shows_every_operation(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        index = Seen((await client.get("/portal")).text)
        for api in landscape.contracts:
            path = f"/portal/{api.name}/v{api.version}"
            assert path in index.links
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            page = Seen(answer.text)
            assert page.open == []
            assert len(set(page.ids)) == len(page.ids)
            for item in document(api)["paths"].values():
                assert {operation["operationId"] for operation in item.values()} <= set(page.ids)
            assert ("/asyncapi.json" in page.links) is bool(events(api))
            for kind in events(api):
                assert kind.type in answer.text
                assert kind.summary in answer.text


async def test_the_events_of_all_services_have_a_document(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        answer = await client.get("/asyncapi.json")
        assert answer.json() == asyncapi.document(landscape.contracts)
        again = await client.get("/asyncapi.json", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        assert (await client.post("/asyncapi.json")).status_code == 404


async def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(
    landscape: Landscape, browse: Browse
):
    seen: set[str] = set()
    waiting = ["/portal", "/problems", "/portal/shop/v1"]
    async with browse(landscape.gateway()) as client:
        while waiting:
            path = waiting.pop()
            if path in seen or path.startswith(
                ("#", "/.well-known/", "/portal/kettle/v2", "/portal/kiosk/v2")
            ):
                continue
            seen.add(path)
            answer = await client.get(path)
            assert answer.status_code == 200, path
            if answer.headers["content-type"].startswith("text/html"):
                page = Seen(answer.text)
                assert all(found.startswith("/portal/static/") for found in page.loads)
                assert all(link.startswith(("/", "#")) for link in page.links)
                assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
                waiting += [link for link in page.links + page.loads if link.startswith("/")]
    assert len(seen) > 30


async def test_pages_may_run_our_script_alone_and_are_kept_by_their_etag(
    landscape: Landscape, browse: Browse
):
    async with browse(landscape.gateway()) as client:
        page = await client.get("/portal")
        again = await client.get("/portal", headers={"if-none-match": page.headers["etag"]})
        script = await client.get(next(found for found in Seen(page.text).loads if ".js" in found))
        for path in (
            "/portal/static/../build.py",
            "/portal/static/x",
            "/portal/nothing/v1",
            "/problems/nothing",
        ):
            assert (await client.get(path)).status_code in (400, 404)
        posted = await client.post("/portal")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert again.status_code == 304
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert posted.status_code == 405


async def test_every_problem_has_a_page_at_its_type(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        overview = (await client.get("/problems")).text
        for kind in Problem.registry.values():
            slug = kind.type_uri.rpartition("/")[2].rpartition("#")[2]
            page = await client.get(f"/problems/{slug}")
            assert page.status_code == 200, slug
            assert kind.title in page.text
            assert f"/problems/{slug}" in overview


@pytest.mark.parametrize("name", SERVICES)
def test_the_examples_of_every_installed_service_can_be_pasted_into_a_shell(name: str):
    api = SERVICES[name].promised()
    shown = reference(document(api), "http://127.0.0.1:8000")
    operations = [operation for _, group in shown.groups for operation in group]
    assert operations
    for operation in operations:
        command = shlex.split(operation.request.replace("\\\n", " "))
        assert command[0] == "curl"
        assert not re.search(r"[{}]", operation.request.splitlines()[0]), operation.request
        if "-d" in command:
            json.loads(command[command.index("-d") + 1])
        if operation.response.startswith(("{", "[")):
            json.loads(operation.response)
        assert operation.answers


def test_answers_name_the_problems_that_they_can_be():
    shown = reference(document(SERVICES["partner"].promised()), "http://127.0.0.1:8000")
    operations = {operation.id: operation for _, group in shown.groups for operation in group}
    named = {title for answer in operations["place_order"].answers for title, _ in answer.problems}
    assert {"Unauthenticated", "Forbidden", "Invalid input", "Payload too large"} <= named


SCHEMAS = Schemas(
    {
        "components": {
            "schemas": {
                "Tree": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 9, "minLength": 1, "x-personal": True},
                        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
                        "parent": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "null"}]},
                    },
                },
                "Loop": {"$ref": "#/components/schemas/Loop"},
                "Colour": {"type": "string", "enum": ["red", "green"]},
            }
        }
    }
)


def test_schemas_that_contain_themselves_end():
    tree = {"$ref": "#/components/schemas/Tree"}
    rows = SCHEMAS.rows(tree)
    assert [row.name for row in rows] == ["name", "children", "parent"]
    assert rows[0].personal
    assert rows[0].notes == ("at most 9 characters",)
    assert rows[1].type == "array of tree"
    assert rows[2].type == "tree or null"
    assert [row.name for row in rows[1].children] == ["name", "children", "parent"]
    assert SCHEMAS.example(tree)["parent"] is None
    assert SCHEMAS.label({"$ref": "#/components/schemas/Loop"}) == "any value"


@pytest.mark.parametrize(
    ("schema", "label", "example"),
    [
        ({"type": "string", "format": "date"}, "string (date)", "2026-11-22"),
        ({"type": "integer", "minimum": 5.0}, "integer", 5),
        ({"type": ["string", "null"]}, "string or null", "text"),
        ({"$ref": "#/components/schemas/Colour"}, "string", "red"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Colour"}}, "array of string", ["red"]),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "integer or string", 1),
        ({"const": 7}, "string", 7),
        ({"type": "string", "default": "x"}, "string", "x"),
        ({"type": "string", "examples": ["shown"]}, "string", "shown"),
        ({}, "any value", None),
        ({"$ref": "#/components/schemas/Missing"}, "any value", None),
    ],
)
def test_kinds_of_value_have_a_name_and_an_example(schema: dict[str, Any], label: str, example: Any):
    assert SCHEMAS.label(schema) == label
    assert SCHEMAS.example(schema) == example


def test_names_of_schemas_are_spelled_as_words():
    assert words("Page_PartnerOrder_") == "page of partner order"
    assert words("NewLead") == "new lead"


HOSTILE = "<script>alert(1)</script>\"'&`<b>`"


async def test_words_of_a_document_cannot_become_markup(landscape: Landscape, browse: Browse):
    def documents(name: str, version: int) -> dict[str, Any]:
        operation = {
            "operationId": "x",
            "summary": HOSTILE,
            "description": HOSTILE,
            "tags": [HOSTILE],
            "parameters": [{"name": HOSTILE, "in": "query", "required": True, "schema": {"enum": [HOSTILE]}}],
            "requestBody": {"content": {"application/json": {"schema": {"examples": [{HOSTILE: HOSTILE}]}}}},
            "responses": {"200": {"description": HOSTILE}, "default": {"description": HOSTILE}},
            "security": [{"oauth2": [HOSTILE]}],
        }
        paths = {"/shop/v1/x": {"post": operation}}
        return {"info": {"title": HOSTILE, "description": HOSTILE, "version": "1"}, "paths": paths}

    async with browse(landscape.gateway(documents=documents)) as client:
        text = (await client.get("/portal/shop/v1")).text
    assert "<script>alert" not in text
    assert "<b>" not in text
    assert html.escape("<script>alert(1)</script>", quote=False) in text
    assert Seen(text).open == []


def test_small_texts_are_marked_and_escaped():
    assert inline("a `b<c` <d>") == "a <code>b&lt;c</code> &lt;d&gt;"
    assert prose("one\n\ntwo") == "<p>one</p><p>two</p>"
    assert json_marked('{"a": -1.5, "b": [true, "<x>"]}') == (
        '{<span class="key">&#34;a&#34;</span>: <span class="number">-1.5</span>, '
        '<span class="key">&#34;b&#34;</span>: [<span class="word">true</span>, '
        '<span class="string">&#34;&lt;x&gt;&#34;</span>]}'
    )
    assert 'class="variable"' in shell_marked("curl -H $TOKEN")


async def test_a_reader_copies_code_and_filters_operations_in_a_browser(landscape: Landscape, serve: Serve):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        absent("no Chromium is installed")
    async with serve(landscape.gateway()) as port, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            origin = f"http://127.0.0.1:{port}"
            context = await browser.new_context(color_scheme="dark")
            await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
            page = await context.new_page()
            troubles: list[str] = []
            page.on("console", lambda message: troubles.append(message.text))
            page.on("pageerror", lambda error: troubles.append(str(error)))
            await page.goto(f"{origin}/portal/shop/v1#place_order")
            await page.locator("#place_order button.copy").first.click()
            copied = await page.evaluate("navigator.clipboard.readText()")
            await page.fill("#filter", "orders")
            shown = await page.locator(".contents li:visible").all_inner_texts()
            current = page.locator('.contents [aria-current="location"]')
            await current.wait_for(timeout=5_000)
        finally:
            await browser.close()
    assert troubles == []
    assert copied.startswith("curl -X POST")
    assert "/shop/v1/orders" in copied
    assert len(shown) == 1
    assert "Buy" in shown[0]
