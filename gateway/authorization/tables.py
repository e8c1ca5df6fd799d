"""The authorization server's tables. Secrets are kept only as hashes; times are Unix seconds."""

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, String, Table, Text

metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("customer_id", String(64)),
    Column("scopes", Text, nullable=False),
    Column("disabled_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("secret_hash", String(64)),
    Column("disabled_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    # Everything that is registered about a client, as JSON: what more a client can say needs no migration.
    Column("registration", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("cookie_hash", String(64), nullable=False, unique=True),
    Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
    Column("signed_in_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    # How the user proved who they are (RFC 8176); nothing is a password alone.
    Column("amr", String(64)),
)

consents = Table(
    "consents",
    metadata,
    Column("user_id", String(64), ForeignKey("users.id"), primary_key=True),
    Column("client_id", String(128), ForeignKey("clients.id"), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("given_at", BigInteger, nullable=False),
)

# What one user allowed one client: the code that carries it over and, through `refresh_tokens`, all that
# came of it. Revoking the row ends them together (RFC 9700 section 4.14.2 calls this a token family).
authorizations = Table(
    "authorizations",
    metadata,
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
    # The key that the code is bound to (RFC 9449 section 10), as an RFC 7638 thumbprint.
    Column("dpop_jkt", String(43)),
    Column("amr", String(64)),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("authorization_id", String(64), ForeignKey("authorizations.id"), nullable=False, index=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("spent_at", BigInteger),
    # The key that a public client has to prove at each refresh (RFC 9449 section 5).
    Column("dpop_jkt", String(43)),
)

# Authorization requests that a client has sent ahead (RFC 9126), as the form that it posted. The first
# browser to come with one keeps it, for as long as its user takes to answer.
pushed_requests = Table(
    "pushed_requests",
    metadata,
    Column("request_hash", String(64), primary_key=True),
    Column("client_id", String(128), ForeignKey("clients.id"), nullable=False, index=True),
    Column("parameters", Text, nullable=False),
    Column("browser_hash", String(64)),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("spent_at", BigInteger),
)

# The `jti` of client assertions and DPoP proofs, hashed with whose they are: each counts once.
spent_ids = Table(
    "spent_ids",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

# Access tokens are not stored, only those that were called back before they expired.
revocations = Table(
    "revocations",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("subject", String(128), nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

# `place` is `current`, `next` or, once retired, the key's own id: so there is at most one of the first two,
# however many gateways start or rotate at the same moment.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("place", String(64), nullable=False, unique=True),
    Column("sealed", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("retires_at", BigInteger),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("who", String(64), primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("blocked_until", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

# For partners that cannot do OAuth. `hint` is how the key ends, so that people can tell theirs apart.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("client_id", String(128), ForeignKey("clients.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("hint", String(16), nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("revoked_at", BigInteger),
    Column("used_at", BigInteger),
)

# The secrets of authenticator apps (RFC 6238), sealed; `last_step` is the time step of the last code taken.
second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", String(64), ForeignKey("users.id"), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("confirmed_at", BigInteger),
    Column("last_step", BigInteger, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
    Column("spent_at", BigInteger),
)

# One row that counts changes to clients, keys and revocations, so that gateways notice with one small read.
generation = Table(
    "generation",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)
