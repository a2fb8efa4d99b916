"""The time of a turn, which stands still while a person is waited for, as the run's own limit does."""

import time
from collections.abc import Callable


class Stopwatch:
    """Args: now: the clock, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._before_s: float | None = None
        self._since: float | None = None

    @property
    def elapsed_s(self) -> float | None:
        """Seconds without the stretches in which it stood still; None where it was not started."""
        if self._before_s is None or self._since is None:
            return self._before_s
        return self._before_s + self._now() - self._since

    def start(self) -> None:
        self._before_s, self._since = 0.0, self._now()

    def reset(self) -> None:
        self._before_s = self._since = None

    def hold(self, still: bool) -> None:
        """Has it stand still, or go on."""
        if self._before_s is not None and still != (self._since is None):
            self._before_s, self._since = (self.elapsed_s, None) if still else (self._before_s, self._now())
