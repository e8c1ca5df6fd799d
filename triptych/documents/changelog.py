"""The changelog of a contract's dated versions, made from its changes."""

import textwrap
from dataclasses import dataclass

from triptych.contract import Api, operations


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one version."""

    version: str
    """`/partner/v1`."""
    on: str
    """The day, `2026-11-01`: what to send as `Triptych-Version`."""
    sentence: str
    operations: tuple[str, ...]
    """`POST /partner/v1/orders`, each that it touches."""

    def __str__(self) -> str:
        lines = textwrap.wrap(self.sentence, 100, initial_indent="  ", subsequent_indent="  ")
        return "\n".join([f"{self.on}  {self.version}", *lines, *(f"    {one}" for one in self.operations)])


def changes(api: type[Api]) -> list[Entry]:
    """Every change, newest first; the last entry is the day of the first version."""
    contract = api.promised()
    base, dated = contract.base_path(), contract.dated
    paths = {found.name: f"{found.method} {base}{found.path}" for found in operations(contract)}
    found = [
        Entry(
            base, change.on.isoformat(), change.sentence(), tuple(paths[name] for name in change.operations)
        )
        for change in reversed(dated.changes)
    ]
    if dated.since is not None:
        found.append(Entry(base, dated.since.isoformat(), "The first version.", ()))
    return found
