"""The three kinds of contract, and what every contract says about itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal, get_args

from triptych.contract.versions import DatedVersions, VersionChange

Tier = Literal["system", "process", "experience"]
Stage = Literal["draft", "active", "deprecated", "sunset", "retired"]
TIERS: tuple[Tier, ...] = get_args(Tier)


@dataclass(frozen=True, slots=True)
class Brownout:
    """A planned break of a deprecated version, so that clients notice before it ends."""

    begins: datetime
    minutes: int = 5

    def __post_init__(self) -> None:
        if self.begins.utcoffset() is None or self.minutes < 1:
            raise ValueError("a brown-out begins at a moment with its time zone, and takes a minute at least")

    @property
    def ends(self) -> datetime:
        return self.begins + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where a version stands: draft → active → deprecated → sunset → retired.

    The gateway makes the Deprecation (RFC 9745), Sunset (RFC 8594) and Link headers from it.
    """

    deprecated_on: date | None = None
    sunset_on: date | None = None
    retired: bool = False
    draft: bool = False
    successor: str | None = None
    """Path of the version that replaces this one, such as `/partner/v2`."""
    migration: str | None = None
    """Where the migration is described."""
    brownouts: tuple[Brownout, ...] = ()
    """When the version takes a break: a 503 that says why, and until when."""

    def __post_init__(self) -> None:
        for found in self.brownouts:
            if self.deprecated_on is None or found.begins.date() < self.deprecated_on:
                raise ValueError(
                    "a brown-out is for a deprecated version, and begins after its deprecated_on"
                )
        if self.sunset_on and (self.deprecated_on is None or self.sunset_on < self.deprecated_on):
            raise ValueError("sunset_on needs a deprecated_on that is not later (RFC 8594)")

    def stage(self, today: date) -> Stage:
        """The stage that the version is in on that day."""
        if self.retired:
            return "retired"
        if self.sunset_on and today >= self.sunset_on:
            return "sunset"
        if self.deprecated_on and today >= self.deprecated_on:
            return "deprecated"
        return "draft" if self.draft else "active"


class Api:
    """A service's promise: its operations and collections, its version and its owner."""

    tier: ClassVar[Tier]
    name: ClassVar[str]
    """Name in URLs, settings and logs: `order-to-fulfillment`."""
    version: ClassVar[int] = 1
    """Major version, the `/v1` of the URL."""
    owner: ClassVar[str] = ""
    """The team that answers for it."""
    lifecycle: ClassVar[Lifecycle] = Lifecycle()
    dated: ClassVar[DatedVersions] = DatedVersions()
    """The dated versions within this one."""
    contract: ClassVar["type[Api] | None"] = None
    """The contract that a class is or implements; None on the three kinds themselves."""

    def __init_subclass__(
        cls,
        version: int | None = None,
        owner: str | None = None,
        name: str | None = None,
        lifecycle: Lifecycle | None = None,
        since: date | None = None,
        changes: Sequence[type[VersionChange]] = (),
    ) -> None:
        if Api in cls.__bases__:
            return
        if cls.contract is None:
            cls.contract = cls
            words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[0-9]+", cls.__name__)
            cls.name = name or "-".join(words).lower()
        if version is not None:
            cls.version = version
        if owner is not None:
            cls.owner = owner
        if lifecycle is not None:
            cls.lifecycle = lifecycle
        if since is not None or changes:
            cls.dated = DatedVersions(since, tuple(change() for change in changes))

    @classmethod
    def base_path(cls) -> str:
        """Where its operations are: `/crm/v1`."""
        return f"/{cls.name}/v{cls.version}"

    @classmethod
    def promised(cls) -> type["Api"]:
        """The contract that this class is or implements."""
        if cls.contract is None:
            raise TypeError(f"{cls.__name__} is a kind of contract, not a contract")
        return cls.contract


class SystemApi(Api):
    """Hides one source system behind canonical models."""

    tier = "system"


class ProcessApi(Api):
    """Composes system APIs into a business process."""

    tier = "process"


class ExperienceApi(Api):
    """Serves one audience the shape it wants."""

    tier = "experience"
