"""The authorization server's tables."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, String, Text

from triptych.storage.migrations import create_service_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_service_tables()
    _create_users_and_clients()
    _create_sessions_and_consents()
    _create_authorizations()
    _create_keys_and_revocations()


def _create_users_and_clients() -> None:
    op.create_table(
        "users",
        Column("id", String(64), primary_key=True),
        Column("email", String(254), nullable=False, unique=True),
        Column("name", Text, nullable=False),
        Column("password_hash", Text, nullable=False),
        Column("customer_id", String(64)),
        Column("scopes", Text, nullable=False),
        Column("disabled_at", BigInteger),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_table(
        "clients",
        Column("id", String(128), primary_key=True),
        Column("secret_hash", String(64)),
        Column("disabled_at", BigInteger),
        Column("created_at", BigInteger, nullable=False),
        Column("registration", Text, nullable=False),
    )


def _create_sessions_and_consents() -> None:
    op.create_table(
        "sessions",
        Column("id", String(64), primary_key=True),
        Column("cookie_hash", String(64), nullable=False, unique=True),
        Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
        Column("signed_in_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "consents",
        Column("user_id", String(64), ForeignKey("users.id"), primary_key=True),
        Column("client_id", String(128), ForeignKey("clients.id"), primary_key=True),
        Column("scope", Text, nullable=False),
        Column("given_at", BigInteger, nullable=False),
    )
    op.create_table(
        "login_attempts",
        Column("who", String(64), primary_key=True),
        Column("failures", BigInteger, nullable=False),
        Column("blocked_until", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
    )


def _create_authorizations() -> None:
    op.create_table(
        "authorizations",
        Column("id", String(64), primary_key=True),
        Column("code_hash", String(64), nullable=False, unique=True),
        Column("code_expires_at", BigInteger, nullable=False),
        Column("code_spent_at", BigInteger),
        Column("client_id", String(128), ForeignKey("clients.id"), nullable=False, index=True),
        Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
        Column("session_id", String(64), nullable=False, index=True),
        Column("redirect_uri", Text, nullable=False),
        Column("scope", Text, nullable=False),
        Column("audience", Text, nullable=False),
        Column("nonce", Text),
        Column("code_challenge", String(43), nullable=False),
        Column("signed_in_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
        Column("revoked_at", BigInteger),
    )
    op.create_table(
        "refresh_tokens",
        Column("token_hash", String(64), primary_key=True),
        Column("authorization_id", String(64), ForeignKey("authorizations.id"), nullable=False, index=True),
        Column("issued_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
        Column("spent_at", BigInteger),
    )


def _create_keys_and_revocations() -> None:
    op.create_table(
        "signing_keys",
        Column("kid", String(64), primary_key=True),
        Column("place", String(64), nullable=False, unique=True),
        Column("sealed", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("retires_at", BigInteger),
    )
    op.create_table(
        "revocations",
        Column("kind", String(16), primary_key=True),
        Column("id", String(128), primary_key=True),
        Column("subject", String(128), nullable=False),
        Column("revoked_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
    )
    counter = op.create_table(
        "generation",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("value", BigInteger, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "value": 0}])
