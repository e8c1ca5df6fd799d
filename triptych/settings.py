"""Everything that can be set, by flag, environment (`TRIPTYCH_…`), file or default, in that order."""

import os
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from dotenv import dotenv_values
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from triptych.hook_keys import HookKeys
from triptych.issuers import ForeignIssuer
from triptych.scoring import RULES, ScoringRule

ENV_FILE = ".env"
"""Settings in a file, in the folder where a process starts."""
Topology = Literal["embedded", "wire", "split"]
Registration = Literal["closed", "token", "open"]
ClientCertificates = Literal["none", "optional", "required"]


def _variable(service: str) -> str:
    return f"TRIPTYCH_{service.upper().replace('-', '_')}"


def _per_service() -> dict[str, str]:
    """Settings of single services: which exist depends on what is installed, so they have no fields."""
    kinds = ("_URL", "_BACKEND")
    return {
        name: value
        for name, value in {**dotenv_values(ENV_FILE), **os.environ}.items()
        if value is not None and name.startswith("TRIPTYCH_") and name.endswith(kinds)
    }


class Settings(BaseSettings):
    """Settings of one process. `triptych settings` lists them with their values and origins."""

    model_config = SettingsConfigDict(
        env_prefix="TRIPTYCH_",
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data: Path = Path("var")
    """Folder for everything that this installation keeps."""
    host: str = "127.0.0.1"
    """Address to listen on; loopback unless you say otherwise."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port of the gateway."""
    workers: int = Field(default=1, ge=1, le=64)
    """Processes that `serve gateway` answers with, at one port."""
    grace: int = Field(default=3, ge=0, le=300)
    """Seconds that open requests get when a process stops."""
    public_url: str = ""
    """Address under which clients reach the gateway, and the OAuth issuer; by default host and port."""
    tls_certificate: Path | None = None
    """File with the gateway's certificate and those up to its authority (PEM); with it, it speaks TLS."""
    tls_key: Path | None = None
    """File with the certificate's private key (PEM), where that is not in the same one."""
    tls_client_ca: Path | None = None
    """File with the authorities whose client certificates are good (PEM)."""
    tls_client_certificates: ClientCertificates = "none"
    """Whether clients of the gateway are asked for a certificate: not at all, may show one, or have to."""
    trusted_proxies: str = ""
    """Addresses and networks of proxies before the gateway, comma-separated, whose word on clients counts."""
    topology: Topology = "embedded"
    """How services reach each other: in process, in process over HTTP, or one process per service."""
    services: str = ""
    """Which services run, comma-separated; empty means all that are installed."""
    replica: str = "local"
    """Name of this replica, unique among those of the same service."""
    database_url: SecretStr | None = None
    """PostgreSQL for all services, `postgresql://user@host/db`; by default SQLite in the data folder."""
    redis_url: SecretStr | None = None
    """Redis for counters that several gateways share."""
    secret_key: SecretStr | None = None
    """Root of all internal keys; made and kept in the data folder when it is not set and not split."""
    secret_key_file: Path | None = None
    """File that holds the secret key."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""
    log_format: Literal["console", "json"] = "json"
    """How logs are written to standard error."""
    access_log: bool = False
    """Whether each request is logged, with its outcome and duration."""
    metrics_token: SecretStr | None = None
    """Bearer token that `/metrics` asks for; without one it answers this machine only."""
    otlp_endpoint: str = ""
    """Where OpenTelemetry traces are sent, `http://127.0.0.1:4318`; empty turns tracing off."""
    trace_share: float = Field(default=1.0, ge=0, le=1)
    """The part of the requests from outside whose traces are sent; who sends a trace says so itself."""
    seed_scale: float = Field(default=1.0, gt=0, le=1000)
    """Size of the demo company that `up` seeds into an empty data folder."""
    seed: bool = True
    """Whether `up` seeds a demo company into an empty data folder."""
    open_systems: str = ""
    """System APIs that the gateway opens to clients with their scopes, comma-separated; `*` opens all."""
    registration: Registration = "token"
    """Who may register OAuth clients (RFC 7591): nobody, who has the scope `clients:register`, or anyone."""
    dpop_nonces: bool = True
    """Whether DPoP proofs have to carry a nonce of ours (RFC 9449, 8), so that none can be made ahead."""
    allow_private_addresses: bool = False
    """Whether addresses that others give us, such as a client's `jwks_uri`, may lead into our own network."""
    issuers: tuple[ForeignIssuer, ...] = ()
    """Other issuers whose tokens are accepted, as JSON: see docs/gateway/foreign-issuers.md."""
    hooks: Mapping[str, HookKeys] = Field(default_factory=dict[str, HookKeys])
    """Webhooks that are taken, and how each is signed, as JSON: `{"crm/leads": {"secrets": ["whsec_…"]}}`."""
    remembered_tokens: int = Field(default=50_000, ge=0)
    """Verified tokens that a gateway remembers, so that one that is known is not verified again."""
    alerts: Path | None = None
    """File with alert rules and where to tell them; by default a few rules, told in the log."""
    smtp_url: SecretStr | None = None
    """Mail server for alerts: `smtp://`, `smtps://` or `smtp+starttls://user:password@host:port`."""
    smtp_from: str = "triptych@localhost"
    """Sender of alerts by mail."""
    sunset: Literal["answer", "refuse"] = "answer"
    """Whether versions past their sunset are still answered, with the headers that say so, or refused."""
    plans: Mapping[str, Mapping[str, int]] = Field(default_factory=dict[str, Mapping[str, int]])
    """More plans, or others in place of ours, as JSON: `{"gold": {"burst": 50, "day": 500000}}`."""
    key_rotation_days: int = Field(default=90, ge=0, le=3650)
    """Days after which another key signs tokens; 0 leaves it to `triptych keys rotate`."""
    max_body: int = Field(default=1_048_576, ge=1024, le=1_073_741_824)
    """Bytes that the body of a request to the gateway may have."""
    backstop: str = "2000/second"
    """Calls that one caller may make to one operation of a service, whatever its plan."""
    step_attempts: int = Field(default=8, ge=1)
    """How often a step of a process is tried before the process is parked as a dead letter."""
    step_delay: float = Field(default=0.5, gt=0)
    """Seconds before a step of a process is tried again; doubled each time, up to 30."""
    process_concurrency: int = Field(default=32, ge=1)
    """How many processes of one service are at work at once in one OS process; others wait their turn."""
    process_days: int = Field(default=0, ge=0, le=36_500)
    """Days after which processes that are over are archived; 0 keeps them as they are."""
    event_days: int = Field(default=14, ge=1, le=3650)
    """How long events are kept once everybody who subscribed to them was told."""
    quote_approval_over: int = Field(default=10_000, ge=0)
    """Over which total, in whole units of its currency, a quote needs an approval before it is offered."""
    purchase_approval_over: int = Field(default=1_000, ge=0)
    """Over which total, in whole units of its currency, a purchase needs an approval."""
    purchase_second_approval_over: int = Field(default=10_000, ge=0)
    """Over which total it needs the approval of a second person too."""
    over_receipt: Decimal = Field(default=Decimal(0), ge=0, le=1)
    """Which share more than was ordered a supplier may deliver: 0.05 takes 105 of 100."""
    match_price: Decimal = Field(default=Decimal("0.02"), ge=0, le=1)
    """By which share an invoiced unit price may be over the ordered one and still match."""
    match_quantity: Decimal = Field(default=Decimal(0), ge=0, le=1)
    """By which share the invoiced quantity may be over what came and still match."""
    payment_runs: str = "0 6 * * 1-5"
    """When suppliers are paid, as in crontab(5), in UTC."""
    personnel_record_years: int = Field(default=10, ge=2, le=100)
    """For how many years after the last day the records of former employees are kept, and then erased."""
    time_zone: str = "UTC"
    """Where the company is, such as `Europe/Berlin`: its days begin and end there."""
    lead_scoring: tuple[ScoringRule, ...] = RULES
    """Rules by which leads are scored, as JSON: see docs/lead-to-customer.md."""
    lead_qualified_from: int = Field(default=60, ge=1, le=101)
    """From which score on a lead is qualified without anybody's decision; 101 leaves it to people."""
    lead_nurtured_from: int = Field(default=20, ge=0, le=101)
    """From which score on a lead that is not qualified is written to; under it a person looks at once."""
    feed_seconds: float = Field(default=30.0, gt=0, le=86_400)
    """Seconds between two looks for what has changed in a source system that is not ours."""
    public_key_hours: int = Field(default=24, ge=1)
    """How long the idempotency keys of public requests are kept."""

    per_service: Mapping[str, str] = Field(default_factory=_per_service, exclude=True)
    """`TRIPTYCH_<SERVICE>_URL` and `TRIPTYCH_<SERVICE>_BACKEND`, as the environment has them."""

    def address_of(self, service: str) -> str | None:
        """Where a service that does not run in this process is reached: the first of `TRIPTYCH_CRM_URL`."""
        return next(iter(self.addresses_of(service)), None)

    def addresses_of(self, service: str) -> list[str]:
        """Where its replicas are reached: the addresses of `TRIPTYCH_CRM_URL`, separated by commas."""
        named = self.per_service.get(f"{_variable(service)}_URL", "").split(",")
        return [address.strip() for address in named if address.strip()]

    def backend_of(self, service: str) -> str:
        """Which backend a system API stands on: `TRIPTYCH_CRM_BACKEND`, by default the embedded store."""
        return self.per_service.get(f"{_variable(service)}_BACKEND", "embedded")

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def proxies(self) -> list[str]:
        """Each of `trusted_proxies`."""
        return [one.strip() for one in self.trusted_proxies.split(",") if one.strip()]

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for one in value.split(","):
            if one.strip():
                ip_network(one.strip())
        return value

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "UTC" and value not in available_timezones():
            raise ValueError(f"there is no time zone {value!r}: it is called like Europe/Berlin")
        return value

    @property
    def base_url(self) -> str:
        """Where clients reach the gateway."""
        scheme = "http" if self.tls_certificate is None else "https"
        return self.public_url or f"{scheme}://{self.host}:{self.port}"
