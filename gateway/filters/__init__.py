"""The filters of the chain, one file each. `gateway/chain.py` says in which order they run.

A filter looks at an exchange and returns None (go on), a `Reply` (refuse), or, only where it has to wait
for something, an awaitable of either. It knows nothing of ASGI or of sockets, so every front shares it.
"""

from collections.abc import Awaitable, Callable

from gateway.exchange import Exchange, Reply

Outcome = Reply | None
Filter = Callable[[Exchange], Outcome | Awaitable[Outcome]]

__all__ = ["Filter", "Outcome"]
