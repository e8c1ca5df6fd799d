"""The pages that people see: sign in, consent, signed out, and what went wrong. They need no script."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from starlette.responses import HTMLResponse, Response

FOLDER = Path(__file__).parent / "templates"
STATIC = Path(__file__).parents[1] / "static"
STATIC_FILES = {"triptych.css": "text/css", "triptych.svg": "image/svg+xml"}


class Pages:
    """Reads its templates once, when it is made."""

    def __init__(self, static_path: str) -> None:
        sources = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.html")}
        self.files = {name: (STATIC / name).read_bytes() for name in STATIC_FILES}
        environment = Environment(loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined)
        self._addresses = {
            name: f"{static_path}{name}?v={_version(file)}" for name, file in self.files.items()
        }
        self._templates: Mapping[str, Template] = {name: environment.get_template(name) for name in sources}

    def page(self, name: str, status: int = 200, form_target: str = "", **words: Any) -> Response:
        """The page `name`; its forms may lead to ourselves and on to `form_target`, an origin."""
        html = self._templates[f"{name}.html"].render(words, static=self._addresses)
        return HTMLResponse(html, status, _headers(form_target))

    def error(self, status: int, title: str, detail: str, *, cause: str = "", retry: str = "") -> Response:
        """What went wrong, for a person; `cause` is for developers, `retry` a link to try again."""
        return self.page("error", status, title=title, detail=detail, cause=cause, retry=retry)


def _headers(form_target: str) -> dict[str, str]:
    """Nothing but our own stylesheet, and nobody may frame the page.

    Browsers hold `form-action` against the redirect that follows a form too, hence the target. The referrer
    stays within this site: with `no-referrer` browsers would send `Origin: null` with our own forms.
    """
    policy = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        f"form-action 'self' {form_target}".rstrip(),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    return {
        "content-security-policy": "; ".join(policy),
        "cache-control": "no-store",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
    }


def _version(file: bytes) -> str:
    """Changes with the content, so that browsers may keep the file for ever."""
    return hashlib.sha256(file).hexdigest()[:12]
