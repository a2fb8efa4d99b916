"""A run's time limit, which stands still while a person thinks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


def heard_out(ask: Callable[[Q], Awaitable[A]], silence: A) -> Callable[[Q], Awaitable[A]]:
    """The same question to a person; where `ask` gives up waiting for them (TimeoutError), they have said `silence`."""

    async def asked(question: Q) -> A:
        try:
            return await ask(question)
        except TimeoutError:
            return silence

    return asked


class Deadline:
    """Ends what runs within it with TimeoutError once so many seconds were spent in which nobody was asked.

    An asynchronous context manager.
    """

    def __init__(self, limit_s: float | None) -> None:
        self._limit_s = limit_s
        self._timeout = asyncio.timeout(None)
        self._over = False
        self._asking = 0
        self._left_s = 0.0

    async def __aenter__(self) -> None:
        self._timeout = asyncio.timeout(self._limit_s)
        await self._timeout.__aenter__()

    async def __aexit__(self, *error: object) -> bool | None:
        self._over = True  # a tool that was left behind may hear from the person yet
        return await self._timeout.__aexit__(*error)  # pyright: ignore[reportArgumentType] - as it was called

    def still_during(self, ask: Callable[[Q], Awaitable[A]]) -> Callable[[Q], Awaitable[A]]:
        """The same question to a person, while whose answer is awaited the time stands still."""

        async def asked(question: Q) -> A:
            self._stop()
            try:
                return await ask(question)
            finally:
                self._go_on()

        return asked

    @property
    def expired(self) -> bool:
        """Whether a TimeoutError is its own: what runs within it may raise one for another reason."""
        return self._timeout.expired()

    @property
    def _is_over(self) -> bool:
        return self._over or self._timeout.expired()

    def _stop(self) -> None:
        self._asking += 1
        when = self._timeout.when()
        if self._asking == 1 and when is not None and not self._is_over:
            self._left_s = when - asyncio.get_running_loop().time()
            self._timeout.reschedule(None)

    def _go_on(self) -> None:
        self._asking -= 1
        if self._asking == 0 and self._limit_s is not None and not self._is_over:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left_s)
