"""How many connections the web server has at once, and for how long one may stay that shows no token.

Whoever is on this machine can connect. Without a limit, connections that say nothing would hold all files that the
process may have open, and the person's own browser would not get in any more. So strangers have few places: a new one
takes that of the one that has waited longest, and each goes after some seconds.
"""

import asyncio
from collections.abc import Callable
from typing import Any

MAX_STRANGERS = 32
"""Connections that have not shown the token; browsers open six at a time."""
MAX_KNOWN = 128
"""Connections that have; beyond them none is let in."""
ENTRY_S = 10.0
"""How long a stranger may stay."""


class Doors:
    """Goes between the listening socket and the server's own protocol.

    Args:
        inner: makes the protocol of one connection.
    """

    def __init__(self, inner: Callable[[], asyncio.Protocol], *, entry_s: float = ENTRY_S) -> None:
        self._inner = inner
        self._entry_s = entry_s
        self._strangers: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}
        self._known: set[asyncio.BaseTransport] = set()

    def __call__(self) -> asyncio.Protocol:
        """The protocol of one more connection."""
        return Door(self, self._inner())

    def enter(self, transport: asyncio.Transport) -> bool:
        """A connection was made; False where there is no place for it."""
        if len(self._known) >= MAX_KNOWN:
            return False
        if len(self._strangers) >= MAX_STRANGERS:
            oldest: Any = next(iter(self._strangers))
            self.leave(oldest)
            oldest.abort()
        loop = asyncio.get_running_loop()
        self._strangers[transport] = loop.call_later(self._entry_s, transport.abort)
        return True

    def know(self, transport: asyncio.BaseTransport | None) -> None:
        """A connection has shown the token."""
        if transport is not None and (timer := self._strangers.pop(transport, None)):
            timer.cancel()
            self._known.add(transport)

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """A connection has ended."""
        self._known.discard(transport)
        if timer := self._strangers.pop(transport, None):
            timer.cancel()


class Door(asyncio.Protocol):
    """One connection: passes all on, unless there is no place for it."""

    def __init__(self, doors: Doors, inner: asyncio.Protocol) -> None:
        self._doors = doors
        self._inner = inner
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._doors.enter(transport):
            self._transport = transport
            self._inner.connection_made(transport)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._doors.leave(self._transport)
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
