"""Blocking work beside the event loop.

Not `asyncio.to_thread`: its pool is joined at exit, so a tool that hangs, or a model that loads, would keep a cancelled
process alive.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str = "agentx-worker") -> T:
    """The result of `work`, run in a daemon thread of its own; cancelling abandons the thread."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(method: Callable[[Any], None], value: object) -> None:
        def apply() -> None:
            if not future.done():
                method(value)

        if not loop.is_closed():
            loop.call_soon_threadsafe(apply)

    def body() -> None:
        try:
            result = work()
        # A future refuses StopIteration; the rest, as of `sys.exit()`, would end whoever waits and not this thread.
        except (StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError) as error:
            cause = f"ended with {type(error).__name__}: {error}".removesuffix(": ")
            settle(future.set_exception, RuntimeError(cause))
        except BaseException as error:
            settle(future.set_exception, error)
        else:
            settle(future.set_result, result)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(body,), name=name, daemon=True).start()
    return await future
