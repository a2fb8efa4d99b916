"""Runs a coroutine so that Ctrl-C cancels it, and leaves without waiting for threads that hang."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Coroutine, Generator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

CLEANUP_S = 2.0


class Runner:
    """One event loop for as many coroutines, one after the other, as are to be run. A context manager.

    Not `asyncio.Runner`, whose end waits for every thread of the default executor.
    """

    def __enter__(self) -> "Runner":
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            _clear(self._loop)
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result. The first Ctrl-C cancels it, a second one breaks off at once.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed, and the coroutine has ended by it.
        """
        task = self._loop.create_task(work)
        with _cancelling(self._loop, task) as pressed:
            try:
                return self._loop.run_until_complete(task)
            except asyncio.CancelledError:
                if pressed.is_set():
                    raise KeyboardInterrupt from None
                raise


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs one coroutine; see `Runner.run`."""
    with Runner() as runner:
        return runner.run(work)


@contextlib.contextmanager
def _cancelling(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]") -> Generator[threading.Event, None, None]:
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _clear(loop: asyncio.AbstractEventLoop) -> None:
    """Ends what the coroutine has left behind, but does not wait long for it."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    # Not `wait_for`: it waits for what it has cancelled, however long that takes.
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=CLEANUP_S))
    closing = loop.create_task(loop.shutdown_asyncgens())
    loop.run_until_complete(asyncio.wait([closing], timeout=CLEANUP_S))
