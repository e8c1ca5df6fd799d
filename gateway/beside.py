"""What runs beside the requests."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(
    work: Callable[[], Coroutine[Any, Any, None]], name: str, last: Callable[[], Awaitable[None] | None]
) -> AsyncGenerator[None]:
    """Have `work` run as a task of that name until the block ends; then end it, and do `last`."""
    task = asyncio.create_task(work(), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        ended = last()
        if ended is not None:
            await ended


@asynccontextmanager
async def together(parts: Iterable[AbstractAsyncContextManager[object]]) -> AsyncGenerator[None]:
    """Enter all of them in turn, and leave them the other way round."""
    async with AsyncExitStack() as stack:
        for part in parts:
            await stack.enter_async_context(part)
        yield
