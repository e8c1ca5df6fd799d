"""Cookies that no script reads, and form tokens that no other site can guess."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

SESSION, BROWSER = "triptych-session", "triptych-browser"


class Cookies:
    """On https they are `__Host-` cookies, which no other host can set; plain http is for loopback only."""

    def __init__(self, issuer: str) -> None:
        self._secure = issuer.startswith("https://")
        self._prefix = "__Host-" if self._secure else ""

    def get(self, request: Request, name: str) -> str:
        """The cookie's value, empty without one."""
        return request.cookies.get(self._prefix + name, "")

    def put(self, response: Response, name: str, value: str) -> None:
        """Keep it until the browser closes."""
        response.set_cookie(
            self._prefix + name, value, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, name: str) -> None:
        """Forget it."""
        response.delete_cookie(
            self._prefix + name, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


class FormTokens:
    """Tokens that tie a form to the browser that it was shown in (CSRF). `key` has 32 bytes."""

    FIELD = "form_token"

    def __init__(self, key: bytes, cookies: Cookies) -> None:
        self._key = key
        self._cookies = cookies

    def browser(self, request: Request) -> str:
        """What names this browser: its cookie, or fresh randomness that `remember` will put into one."""
        return self._cookies.get(request, BROWSER) or secrets.token_urlsafe(16)

    def remember(self, response: Response, browser: str) -> None:
        """Send the browser its name."""
        self._cookies.put(response, BROWSER, browser)

    def token(self, browser: str, form: str) -> str:
        """The hidden field for `form` in this browser."""
        return hmac.new(self._key, f"{browser}\n{form}".encode(), hashlib.sha256).hexdigest()

    def accepts(self, request: Request, fields: Mapping[str, str], form: str) -> bool:
        """Whether these fields come from that form, shown in this same browser."""
        browser = self._cookies.get(request, BROWSER)
        if not browser or request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return False
        sent = fields.get(self.FIELD, "")
        return hmac.compare_digest(sent.encode(), self.token(browser, form).encode())
