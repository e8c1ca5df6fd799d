"""One secret key, and from it a key for each purpose (HKDF-SHA256, RFC 5869)."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from triptych.settings import Settings

SHORTEST = 32
KEY_FILE = "secret.key"


class SecretKeyError(Exception):
    """There is no usable secret key; the message says which setting to give."""


class Secrets:
    """The keys of this installation: `Secrets(settings).key("cursors")`.

    The root is TRIPTYCH_SECRET_KEY, or the file that TRIPTYCH_SECRET_KEY_FILE names. In one process it may
    be left out: `secret.key` (mode 0600) is then made in the data folder, and used from then on. Raises
    SecretKeyError where several processes need the same key and none is set, and for a key that is short.
    """

    def __init__(self, settings: Settings) -> None:
        self._root = _root(settings)

    def key(self, purpose: str) -> bytes:
        """32 bytes that serve this purpose alone, the same ones in every process with the same root."""
        return HKDF(SHA256(), 32, salt=None, info=f"triptych {purpose}".encode()).derive(self._root)


def _root(settings: Settings) -> bytes:
    if settings.secret_key is not None:
        return _long_enough(settings.secret_key.get_secret_value(), "TRIPTYCH_SECRET_KEY")
    if settings.secret_key_file is not None:
        return _long_enough(
            _text(settings.secret_key_file), f"TRIPTYCH_SECRET_KEY_FILE, {settings.secret_key_file},"
        )
    if settings.topology == "split":
        raise SecretKeyError(
            "Set TRIPTYCH_SECRET_KEY (or TRIPTYCH_SECRET_KEY_FILE): services that run as processes of their "
            "own need the same one to trust each other. `openssl rand -hex 32` makes one."
        )
    path = settings.data / KEY_FILE
    _make(path)
    return _long_enough(_text(path), str(path))


def _long_enough(text: str, where: str) -> bytes:
    root = text.strip().encode()
    if len(root) < SHORTEST:
        raise SecretKeyError(
            f"{where} holds a key of {len(root)} bytes, and it takes at least {SHORTEST}: "
            "`openssl rand -hex 32` makes one."
        )
    return root


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretKeyError(f"The secret key cannot be read from {path}: {error}") from error


def _make(path: Path) -> None:
    """Put a fresh key there unless there is one; whole or not at all, and the first of several wins."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            with suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            draft.unlink()
    except OSError as error:
        raise SecretKeyError(
            f"No secret key can be made at {path}: {error}. Is TRIPTYCH_DATA right?"
        ) from error
