"""TLS for what listens to the outside, with certificates that are renewed while it runs.

Version 1.2 with forward secrecy and authenticated encryption, or 1.3: what Mozilla calls intermediate
(https://wiki.mozilla.org/Security/Server_Side_TLS), without its finite-field Diffie-Hellman.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from triptych.settings import Settings

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""
HANDSHAKE = 10.0
"""Seconds that a client has for the handshake."""
LOOKING = 5.0
"""Seconds between two looks at whether the files have changed."""

_log = logging.getLogger(__name__)


class TlsError(Exception):
    """The certificate cannot be used; the message says why, and which setting names it."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where certificate and key are, and those who may vouch for clients."""

    certificate: Path
    key: Path
    clients: Path | None
    required: bool
    """Whether a client has to show a certificate; otherwise it may."""

    def context(self) -> ssl.SSLContext:
        """What the files say now; raises OSError, of which ssl.SSLError is one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self.certificate, self.key)
        if self.clients is not None:
            context.load_verify_locations(self.clients)
            context.verify_mode = ssl.CERT_REQUIRED if self.required else ssl.CERT_OPTIONAL
            # a session that is resumed shows no certificate, and who vouched for it may be gone
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
        return context

    def marks(self) -> list[tuple[int, int, int]]:
        """What differs once a file was written or replaced; raises OSError."""
        files = [self.certificate, self.key, *([self.clients] if self.clients else [])]
        return [(found.st_ino, found.st_size, found.st_mtime_ns) for found in map(Path.stat, files)]


class Tls:
    """The TLS of a process. Within `renewing()` certificates that are replaced on disk are taken up."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._marks = files.marks()
        self._newest = files.context()
        self.context = files.context()
        """For the server. Each handshake takes the newest certificate instead of this one."""
        self.context.sni_callback = self._take_newest

    def _take_newest(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        connection.context = self._newest

    @asynccontextmanager
    async def renewing(self) -> AsyncGenerator[None]:
        """Look every few seconds whether the files have changed."""
        looking = asyncio.create_task(self._look(), name="certificates")
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait([looking])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOKING)
            await asyncio.to_thread(self.renew)

    def renew(self) -> None:
        """Take up the files if they have changed. What cannot be used is looked at again when it changes."""
        try:
            marks = self._files.marks()
            if marks == self._marks:
                return
            self._marks = marks
            self._newest = self._files.context()
        except OSError as error:
            _log.warning("the renewed TLS certificate cannot be used, the former one stays: %s", error)
        else:
            _log.info("the TLS certificate was renewed")


def tls(settings: Settings) -> Tls | None:
    """What the settings say; None where TLS ends elsewhere. Raises TlsError."""
    if settings.tls_certificate is None:
        if settings.tls_client_certificates != "none":
            raise TlsError("Client certificates come with TLS: set TRIPTYCH_TLS_CERTIFICATE too.")
        return None
    asked = settings.tls_client_certificates != "none"
    if asked and settings.tls_client_ca is None:
        raise TlsError(
            "Whose client certificates are good? Name a file of their authorities in TRIPTYCH_TLS_CLIENT_CA."
        )
    files = Files(
        settings.tls_certificate,
        settings.tls_key or settings.tls_certificate,
        settings.tls_client_ca if asked else None,
        settings.tls_client_certificates == "required",
    )
    try:
        return Tls(files)
    except OSError as error:
        named = f"{files.certificate} and {files.key}" + (f", clients {files.clients}" if asked else "")
        raise TlsError(f"TLS cannot be spoken with {named}: {error}") from error
