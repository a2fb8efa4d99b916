"""How often the screen is drawn while text streams: as often as a part of a core allows that keeps it below a twentieth
with all else that it does."""

import time

SHARE = 0.035
FASTEST_S, SLOWEST_S = 0.1, 0.45
_MEMORY = 0.2


class Pace:
    """Measures by the CPU time of its thread what a frame costs.

    Attributes:
        period_s: from one frame to the next.
    """

    def __init__(self) -> None:
        self.period_s = FASTEST_S
        self._cost_s = 0.0
        self._spent_s = time.thread_time()

    def frame(self) -> None:
        """A frame begins: what was spent since the last one is what that one has cost."""
        spent_s = time.thread_time()
        # One dear frame, such as the first of a turn, shall not slow down many.
        cost_s = min(spent_s - self._spent_s, SLOWEST_S * SHARE * 2)
        self._cost_s += _MEMORY * (cost_s - self._cost_s)
        self._spent_s = spent_s
        self.period_s = min(max(self._cost_s / SHARE, FASTEST_S), SLOWEST_S)
