"""Where the engine's thread leaves what happens: handed over in batches, as often as the screen keeps up with."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from agentx.events import TextDelta
from agentx_tui.pace import Pace


class Inbox:
    """Filled from any thread, emptied by the screen.

    Args:
        wake: called from the filling thread where the screen has to look; must not block.
    """

    def __init__(self, wake: Callable[[], Any]) -> None:
        self._wake = wake
        self._items: deque[Any] = deque()
        self._woken = False
        self._emptied_at = 0.0
        self._pace = Pace()

    def put(self, item: Any) -> None:
        self._items.append(item)
        if not self._woken:
            self._woken = True
            self._wake()

    def wait_s(self) -> float:
        """Seconds until the screen should empty it; pieces of text wait for others, all else does not wait long."""
        return max(0.0, self._emptied_at + self._pace.period_s - time.monotonic())

    def take(self) -> list[Any]:
        """All there is, with neighbouring pieces of one text joined, so that a batch costs what one event does."""
        self._woken = False
        self._pace.frame()
        self._emptied_at = time.monotonic()
        taken: list[Any] = []
        pieces: list[str] = []
        channel = ""
        while self._items:
            item = self._items.popleft()
            if isinstance(item, TextDelta):
                if pieces and item.channel != channel:
                    taken.append(TextDelta(channel, "".join(pieces)))
                    pieces = []
                channel = item.channel
                pieces.append(item.text)
                continue
            if pieces:
                taken.append(TextDelta(channel, "".join(pieces)))
                pieces = []
            taken.append(item)
        if pieces:
            taken.append(TextDelta(channel, "".join(pieces)))
        return taken
