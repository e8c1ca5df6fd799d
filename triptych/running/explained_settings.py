"""Every setting with its value, where the value comes from, and what it means."""

import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource

from triptych.canonical.base import Model
from triptych.settings import Settings

Origin = Literal["flag", "environment", ".env", "default"]
MASK = "***"


class ExplainedSetting(Model):
    """One setting."""

    variable: str
    """Name of the environment variable: `TRIPTYCH_PORT`."""
    value: str | int | float | bool | None
    origin: Origin
    description: str


def explain(settings: Settings, flags: Collection[str], services: Sequence[str]) -> list[ExplainedSetting]:
    """The settings in the order of their class, then those of single services that are set.

    `flags` names the settings that were given on the command line.
    """
    in_file = {name.upper() for name in DotEnvSettingsSource(Settings).env_vars}
    in_environment = {name.upper() for name in os.environ}

    def origin(name: str, variable: str) -> Origin:
        if name in flags:
            return "flag"
        if variable in in_environment:
            return "environment"
        return ".env" if variable in in_file else "default"

    found = [
        ExplainedSetting(
            variable=f"TRIPTYCH_{name.upper()}",
            value=_shown(getattr(settings, name)),
            origin=origin(name, f"TRIPTYCH_{name.upper()}"),
            description=" ".join((info.description or "").split()),
        )
        for name, info in Settings.model_fields.items()
        if not info.exclude
    ]
    return found + [
        ExplainedSetting(variable=variable, value=value, origin=origin("", variable), description=description)
        for variable, value, description in _of_services(settings, services)
    ]


def _of_services(settings: Settings, services: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """The settings of single services that are set: variable, value and meaning."""
    for service in services:
        prefix = f"TRIPTYCH_{service.upper().replace('-', '_')}"
        meanings = {"_URL": f"Where {service} is reached.", "_BACKEND": f"What {service} stands on."}
        for ending, meaning in meanings.items():
            value = settings.per_service.get(prefix + ending)
            if value is not None:
                yield prefix + ending, value, meaning


def _shown(value: Any) -> str | int | float | bool | None:
    if isinstance(value, SecretStr):
        return MASK
    return value if isinstance(value, str | int | float | bool | None) else str(value)
