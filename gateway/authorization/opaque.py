"""Opaque secrets, for clients, codes, refresh tokens and sessions: 256 random bits, kept as fingerprints."""

import hashlib
import secrets


def new_secret(prefix: str) -> str:
    """`prefix_` and 256 random bits; the prefix lets scanners recognise a leaked secret."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def fingerprint(secret: str) -> str:
    """SHA-256, hex. Enough for secrets of 256 random bits; passwords take argon2id instead."""
    return hashlib.sha256(secret.encode()).hexdigest()
