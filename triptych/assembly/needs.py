"""What a service needs, read from its constructor; and whether the landscape can give it."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from triptych.contract import TIERS, Api, flows, operations, subscriptions


@dataclass(frozen=True, slots=True)
class Scopes:
    """Narrows what a service may do with a contract it needs: `crm: Annotated[Crm, Scopes("crm:read")]`."""

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", frozenset(names))


@dataclass(frozen=True, slots=True)
class Need:
    """One constructor parameter."""

    parameter: str
    kind: Any
    scopes: frozenset[str]

    @property
    def contract(self) -> type[Api] | None:
        """The contract that is needed, or None when it is a resource such as a Database."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, Api) else None


def scopes_of(api: type[Api]) -> frozenset[str]:
    """Every scope that a contract's operations ask for."""
    return frozenset(found.scope for found in operations(api) if found.scope)


def needs(made: type[Any]) -> list[Need]:
    """The constructor's parameters, by type."""
    if made.__init__ is object.__init__ or made.__init__ is Api.__init__:
        return []
    hints = get_type_hints(made.__init__, include_extras=True)
    found: list[Need] = []
    for parameter in list(inspect.signature(made.__init__).parameters.values())[1:]:
        hint = hints.get(parameter.name)
        if hint is None:
            raise TypeError(f"{made.__name__}.__init__: parameter {parameter.name!r} needs a type")
        if parameter.default is not inspect.Parameter.empty:
            continue
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        narrowed = [mark.names for mark in marks if isinstance(mark, Scopes)]
        if isinstance(kind, type) and issubclass(kind, Api):
            scopes = narrowed[0] if narrowed else scopes_of(kind)
        else:
            scopes = frozenset[str]()
        found.append(Need(parameter.name, kind, scopes))
    return found


def objections(
    services: Mapping[str, type[Api]], reachable: Collection[str], resources: Collection[Any]
) -> list[str]:
    """Everything that speaks against putting these services together, in words that say what to do."""
    reasons: list[str] = []
    for service in services.values():
        reasons += _unimplemented(service) + _unexplained(service) + _unheard(service)
        for need in needs(service):
            reasons += _objections(service, need, reachable, resources)
    return reasons + _circles(services)


def _unimplemented(service: type[Api]) -> list[str]:
    contract = service.promised()
    return [
        f"{service.__name__} does not implement {found.name}: write `async def {found.name}` "
        f"as {contract.__name__} declares it"
        for found in operations(contract)
        if len(found.attribute) == 1 and getattr(service, found.name) is getattr(contract, found.name)
    ]


def _unexplained(service: type[Api]) -> list[str]:
    if service.tier != "process" or flows(service):
        return []
    return [
        f"{service.promised().__name__} declares no data flow: write what flows, how fast, who answers "
        "for it and what its failure costs, `orders = flow(…)`"
    ]


def _unheard(service: type[Api]) -> list[str]:
    """Events go up the tiers, or across among processes; a service may hear its own."""
    reasons: list[str] = []
    for found in subscriptions(service):
        mine, other = TIERS.index(service.tier), TIERS.index(found.kind.api.tier)
        own = found.kind.api is service.promised()
        if other > mine or (other == mine and service.tier != "process" and not own):
            reasons.append(
                f"{service.__name__}.{found.method} hears {found.kind.type}, but {service.tier} APIs hear "
                "only the tiers below them: let a process hear it, and call both"
            )
    return reasons


def _objections(
    service: type[Api], need: Need, reachable: Collection[str], resources: Collection[Any]
) -> list[str]:
    where = f"{service.__name__} needs {need.parameter}: {getattr(need.kind, '__name__', need.kind)}"
    contract = need.contract
    if contract is None:
        known = need.parameter == "backend" or need.kind in resources
        return [] if known else [f"{where}, which nobody provides"]
    mine, other = TIERS.index(service.tier), TIERS.index(contract.tier)
    if other > mine or (other == mine and service.tier != "process"):
        return [f"{where}, but {service.tier} APIs call only the tiers below them: move what is shared down"]
    if contract.promised().name not in reachable:
        variable = f"TRIPTYCH_{contract.name.upper().replace('-', '_')}_URL"
        return [f"{where}, which is not running here: add it to TRIPTYCH_SERVICES, or set {variable}"]
    unknown = need.scopes - scopes_of(contract)
    return [f"{where} with scopes that it does not have: {', '.join(sorted(unknown))}"] if unknown else []


def _circles(services: Mapping[str, type[Api]]) -> list[str]:
    """Processes may compose processes, but not in a circle."""
    needed = {
        name: [
            *(found.contract.promised().name for found in needs(service) if found.contract),
            *(found.kind.api.name for found in subscriptions(service) if found.kind.api.name != name),
        ]
        for name, service in services.items()
    }
    reasons: list[str] = []

    def walk(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            if name == min(trail[trail.index(name) :]):
                reasons.append(f"{' → '.join((*trail[trail.index(name) :], name))} is a circle: break it")
            return
        for other in needed.get(name, ()):
            walk(other, (*trail, name))

    for name in needed:
        walk(name, ())
    return list(dict.fromkeys(reasons))
