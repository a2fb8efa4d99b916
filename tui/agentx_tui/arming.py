"""When a key that decides counts: once the question was on the screen and nothing was typed for a while.

That while is short where a decision goes on: who has just allowed a call and is asked about the next one of the same
tool is deciding and not writing. What no key does is to allow what was not on the screen. Only a no may come before its
question, and is kept for it. A word that allows each call of a tool is not: it would allow the next call too, of which
nothing but its tool is known. A key that is held down, or hit twice, is one decision.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from agentx.messages import ToolCall

if TYPE_CHECKING:
    from agentx_tui.signals import Asked

QUIET_S = 0.4
SEEN_S = 0.25
"""For which a question is on the screen before its keys count, where it belongs to the decision before."""
GOES_ON_S = 1.5
"""Within which the question after a decision belongs to it."""
HELD_S, REPEATS_S = 1.0, 0.6
"""Within which a key that is held down comes for the second time, and then again: terminals do not tell that it is. The
first is mostly half a second; the rest is room for a screen that comes to read its keys late."""
BLIND = frozenset({"deny"})
"""Choices that a person can make before they see the call."""


class Arming:
    """Args: now: the clock, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._armed_at = 0.0
        self._goes_on = False
        self._tool = ""
        self._last_key, self._pressed_at, self._heard_at = "", -GOES_ON_S, -GOES_ON_S
        self._kept, self._kept_at = "", -GOES_ON_S

    def shown(self, asked: "Asked") -> float:
        """A question has come to the screen; seconds until all of its keys count."""
        now = self._now()
        self._goes_on = now - self._pressed_at < GOES_ON_S and _tool(asked) == self._tool != ""
        if not self._goes_on:
            self._kept = ""
        wait_s = SEEN_S if self._goes_on else QUIET_S
        self._armed_at = now + wait_s
        return wait_s

    def disturbed(self) -> None:
        """Something was typed, or a key came too early."""
        self._armed_at, self._goes_on = self._now() + QUIET_S, False

    def counts(self, key: str, quiet_s: float) -> bool:
        """Whether a key decides on the question that is shown, `quiet_s` after a letter was last typed."""
        is_armed = self._now() >= self._armed_at or (self._goes_on and key in BLIND)
        return not self.repeats(key) and is_armed and quiet_s >= QUIET_S

    def repeats(self, key: str) -> bool:
        """Whether a key that comes is the one that has decided, and was not let go of since."""
        now = self._now()
        held = key == self._last_key and (now - self._pressed_at < HELD_S or now - self._heard_at < REPEATS_S)
        if held:
            self._heard_at = now
        return held

    def decided(self, key: str, asked: "Asked") -> None:
        """A key has decided."""
        self._tool, self._last_key = _tool(asked), key
        self._pressed_at = self._heard_at = self._now()

    def keep(self, key: str, quiet_s: float) -> None:
        """A key comes while nothing is shown: a no is for the next question, if that belongs to the decision before."""
        now = self._now()
        self.repeats(key)
        if key in BLIND and key != self._last_key and quiet_s >= QUIET_S and now - self._pressed_at < GOES_ON_S:
            self._kept, self._kept_at = key, now

    def kept(self) -> str:
        """The key that was kept for the question that is shown, "" where none was; it is given once."""
        key, self._kept = self._kept, ""
        return key if self._now() - self._kept_at < GOES_ON_S else ""


def _tool(asked: "Asked") -> str:
    """The name of the tool that an approval is asked for; "" for other questions."""
    return "" if isinstance(asked, str | ToolCall) else asked.call.name
