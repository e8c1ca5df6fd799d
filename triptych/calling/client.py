"""Clients: objects of a contract's own type, whose every operation goes through the policies."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

from triptych.calling.policy import CallPolicy
from triptych.context import Context, current
from triptych.contract import Api, Operation, operations

A = TypeVar("A", bound=Api)
Arguments = Mapping[str, Any]


class Transport(Protocol):
    """How a call reaches its service: directly, or over HTTP."""

    async def invoke(self, operation: Operation, context: Context, arguments: Arguments) -> Any:
        """The answer to one call; raises the callee's Problem."""
        ...

    def stream(self, operation: Operation, context: Context, arguments: Arguments) -> AsyncIterator[Any]:
        """The events of a stream."""
        ...


class _CollectionClient:
    """What stands at `crm.customers`: holds the operations of one collection."""


def client(api: type[A], transport: Transport, policy: CallPolicy) -> A:
    """A client of `api`: the contract's own type, wherever the service runs."""
    contract = api.promised()
    made = object.__new__(type(f"{contract.__name__}Client", (contract,), {}))
    for operation in operations(contract):
        owner: Any = made
        for step in operation.attribute[:-1]:
            if step not in vars(owner):
                setattr(owner, step, _CollectionClient())
            owner = getattr(owner, step)
        kind = _streaming if operation.streams else _calling
        setattr(owner, operation.attribute[-1], kind(operation, transport, policy))
    return cast("A", made)


def _binder(operation: Operation) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    """Binds arguments to names, as calling the contract's method would."""
    names = tuple(parameter.name for parameter in operation.parameters)
    required = frozenset(parameter.name for parameter in operation.parameters if parameter.required)
    known = frozenset(names)

    def bind(args: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        bound = {**dict(zip(names, args, strict=False)), **keywords}
        if len(args) + len(keywords) != len(bound) or not required <= bound.keys() <= known:
            wanted = ", ".join(names)
            raise TypeError(f"{operation.full_name}({wanted}) was called with {args!r} {keywords!r}")
        return bound

    return bind


def _calling(operation: Operation, transport: Transport, policy: CallPolicy) -> Callable[..., Any]:
    bind, invoke, call = _binder(operation), transport.invoke, policy.call

    async def method(*args: Any, **keywords: Any) -> Any:
        arguments = bind(args, keywords)

        def send(context: Context) -> Awaitable[Any]:
            return invoke(operation, context, arguments)

        observer = current().observer
        if observer is not None:
            return await observer.observe(operation, arguments, call, send)
        return await call(operation, send)

    method.__name__ = operation.attribute[-1]
    method.__doc__ = operation.description
    return method


def _streaming(operation: Operation, transport: Transport, policy: CallPolicy) -> Callable[..., Any]:
    bind = _binder(operation)

    def method(*args: Any, **keywords: Any) -> AsyncIterator[Any]:
        return transport.stream(operation, policy.outgoing(operation), bind(args, keywords))

    method.__name__ = operation.attribute[-1]
    method.__doc__ = operation.description
    return method
