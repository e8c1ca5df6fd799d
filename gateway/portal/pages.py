"""Renders the portal's pages; each once, since they change only with the code."""

import hashlib
import inspect
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.portal.reference import Document, reference, slug
from gateway.portal.text import inline, json_marked, prose, shell_marked
from gateway.routes import Route
from triptych.contract import DataFlow, events, flows
from triptych.documents.changelog import changes
from triptych.problems import Problem

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
STATIC = Path(__file__).parents[1] / "static"
STATIC_PATH = "/portal/static/"
STATIC_FILES: Mapping[str, str] = {
    "triptych.css": "text/css; charset=utf-8",
    "portal.css": "text/css; charset=utf-8",
    "portal.js": "text/javascript; charset=utf-8",
    "triptych.svg": "image/svg+xml",
}
_AUDIENCES = {
    "everyone": "Open to every client with the scope",
    "internal": "For internal clients",
    "nobody": "Not open at this gateway",
}
_TIERS = (
    ("experience", "Experience APIs", "What each audience needs: build your app or integration on these."),
    ("process", "Process APIs", "Business processes from end to end, for internal clients."),
    ("system", "System APIs", "One for each source system, behind canonical models."),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of a service, as the catalogue lists it."""

    name: str
    title: str
    tier: str
    version: int
    owner: str
    stage: str
    summary: str
    audience: str
    operations: int
    href: str
    document: str
    successor: str
    events: tuple[tuple[str, str, str], ...]
    """What it tells of: the type of each event, what has happened, and the name of its data's schema."""
    changelog: str
    """Path of the page that says what has changed; empty where there are no dated versions."""
    flows: tuple[DataFlow, ...]

    @classmethod
    def of(cls, route: Route) -> "Entry":
        """The entry of what a route leads to."""
        api = route.api
        return cls(
            name=api.name,
            title=_title(api.name),
            tier=api.tier,
            version=api.version,
            owner=api.owner.replace("-", " "),
            stage=route.stage(),
            summary=(inspect.getdoc(api) or "").split("\n\n", 1)[0].replace("\n", " "),
            audience=_AUDIENCES[route.audience],
            operations=len(route.endpoints),
            href=f"/portal/{api.name}/v{api.version}",
            document=f"/openapi/{api.name}.v{api.version}.json",
            successor=api.lifecycle.successor or "",
            events=tuple((kind.type, kind.summary, kind.payload.__name__) for kind in events(api)),
            changelog=f"/portal/{api.name}/v{api.version}/changelog" if api.dated.since else "",
            flows=flows(api),
        )


class Pages:
    """The pages as HTML. Making one reads files and takes tens of milliseconds: do it in a thread."""

    def __init__(self, routes: Iterable[Route], base_url: str) -> None:
        kept = tuple(routes)
        self._entries = [Entry.of(route) for route in kept]
        self._dated = {(route.name, route.api.version): route.api for route in kept if route.versions}
        self._base_url = base_url

    def index(self) -> str:
        """The catalogue."""
        tiers = [
            (title, about, [entry for entry in self._entries if entry.tier == tier])
            for tier, title, about in _TIERS
        ]
        return self._render(
            "index.html", tiers=[tier for tier in tiers if tier[2]], token=token_command(self._base_url)
        )

    def service(self, name: str, version: int, document: Document) -> str:
        """The reference of one service."""
        entry = next(entry for entry in self._entries if (entry.name, entry.version) == (name, version))
        found = reference(document, self._base_url)
        token = token_command(self._base_url, found.scopes)
        return self._render("reference.html", entry=entry, reference=found, token=token)

    def has_changelog(self, name: str, version: int) -> bool:
        """Whether there are dated versions of it."""
        return (name, version) in self._dated

    def changelog(self, name: str, version: int) -> str:
        """What has changed in the dated versions of one service, newest first."""
        entry = next(entry for entry in self._entries if (entry.name, entry.version) == (name, version))
        return self._render("changelog.html", entry=entry, changes=changes(self._dated[name, version]))

    def problems(self) -> str:
        """All kinds of problem."""
        kinds = sorted(Problem.registry.values(), key=lambda kind: (kind.status, kind.title))
        return self._render("problems.html", problems=[_kind(kind) for kind in kinds])

    def problem(self, kind: type[Problem]) -> str:
        """One kind of problem."""
        return self._render("problem.html", problem=_kind(kind))

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Stylesheets, script and icon."""
        return {name: (STATIC / name).read_bytes() for name in STATIC_FILES}

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only whoever asks pays for it

        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"inline": inline, "prose": prose, "json": json_marked, "shell": shell_marked}
        return environment

    def _render(self, template: str, **words: Any) -> str:
        static = {
            name: f"{STATIC_PATH}{name}?v={hashlib.sha256(body).hexdigest()[:12]}"
            for name, body in self.files.items()
        }
        return self._environment.get_template(template).render(words, static=static, base_url=self._base_url)


def _title(name: str) -> str:
    """`order-to-fulfillment` as `Order to fulfillment`, `crm` as `CRM`."""
    return name.upper() if len(name) <= 3 else name.replace("-", " ").capitalize()


def token_command(base_url: str, scopes: tuple[str, ...] = ()) -> str:
    """How a machine gets an access token, for a shell."""
    lines = [
        f'TOKEN=$(curl -s "{base_url}/oauth/token"',
        '-u "$CLIENT_ID:$CLIENT_SECRET"',
        "-d grant_type=client_credentials",
        *([f'-d "scope={" ".join(scopes)}"'] if scopes else []),
        """| python3 -c 'import json, sys\nprint(json.load(sys.stdin)["access_token"])')""",
    ]
    return " \\\n  ".join(lines)


def _kind(kind: type[Problem]) -> dict[str, Any]:
    parent = next(found for found in kind.__mro__[1:] if issubclass(found, Problem))
    doc = inspect.getdoc(kind) or ""
    return {
        "title": kind.title,
        "slug": slug(kind),
        "status": kind.status,
        "type": kind.type_uri,
        "description": doc,
        "retryable": kind.retryable or kind.status == 429,
        "parent": {"title": parent.title, "slug": slug(parent)}
        if parent.type_uri in Problem.registry
        else None,
        "summary": doc.split("\n", 1)[0],
        "example": json.dumps(kind().body("/partner/v1/orders", "3f9a1c0e7b5d42689c1e"), indent=2),
    }
