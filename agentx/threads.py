"""Blocking work beside the event loop.

Not `asyncio.to_thread`: its pool is joined at exit, so a tool that hangs, or a model that loads, would keep a cancelled
process alive. Here each piece of work has a daemon thread of its own until it ends; the thread is then used again.
"""

import asyncio
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

MAX_IDLE = 8
"""Threads that wait for more work; one that finds as many waiting ends."""

_Inbox: TypeAlias = "SimpleQueue[Callable[[], None]]"
_idle: deque[_Inbox] = deque()
# A forked child has none of its parent's threads.
os.register_at_fork(after_in_child=_idle.clear)


async def in_thread(work: Callable[[], T], name: str = "agentx-worker") -> T:
    """The result of `work`, run in a daemon thread; cancelling abandons the thread."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(method: Callable[[Any], None], value: object) -> None:
        def apply() -> None:
            if not future.done():
                method(value)

        if not loop.is_closed():
            loop.call_soon_threadsafe(apply)

    def body() -> None:
        threading.current_thread().name = name
        try:
            result = work()
        except BaseException as error:
            # A future refuses StopIteration; what is no Exception, as of `sys.exit()`, would end whoever waits.
            if isinstance(error, StopIteration) or not isinstance(error, Exception):
                cause = f"ended with {type(error).__name__}: {error}".removesuffix(": ")
                error = RuntimeError(cause)
            settle(future.set_exception, error)
        else:
            settle(future.set_result, result)

    context = contextvars.copy_context()
    _hand_over(lambda: context.run(body))
    return await future


def waited_for(work: Callable[[], T], hand_over: Callable[[Callable[[], None]], object]) -> T:
    """The result of work that is handed over to another thread, or what it raised there."""
    done: Future[T] = Future()

    def body() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    hand_over(body)
    return done.result()


class OwnThread:
    """A daemon thread for all calls of a library that must not share one.

    ggml sets up the matrix unit (AMX) of a thread once. Another library that computes in the same thread, as torch
    does, leaves it set up otherwise; the next call of llama.cpp there gives NaN, or ends the process by SIGILL.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._inbox: _Inbox = SimpleQueue()

    def call(self, work: Callable[[], T]) -> T:
        """The result of `work`, or what it raised; calls run one after another."""
        with self._starting:
            # A forked child has none of its parent's threads.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=_serve_one, args=(self._inbox,), name=self._name, daemon=True)
                self._thread.start()
        return waited_for(work, self._inbox.put)


def _serve_one(inbox: _Inbox) -> None:
    while True:
        inbox.get()()


def _hand_over(body: Callable[[], None]) -> None:
    """To a thread that waits, or to a new one."""
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = SimpleQueue()
        threading.Thread(target=_serve, args=(inbox,), daemon=True).start()
    inbox.put(body)


def _serve(inbox: _Inbox) -> None:
    while True:
        inbox.get()()
        threading.current_thread().name = "agentx-idle"
        _idle.append(inbox)
        if len(_idle) > MAX_IDLE:
            try:
                _idle.remove(inbox)
            except ValueError:
                continue  # it was given work in the meantime
            return
