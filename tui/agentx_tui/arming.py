"""When a key that decides counts: once nothing was typed for a while, or at once where a decision goes on.

Who has just allowed a call and is asked about the next one of the same tool is deciding and not writing: the key for
it counts as soon as the question is on the screen, and one that comes a moment before that is kept for it. What no key
does is to decide on a question that was not on the screen: but for the words that mean each call of the tool, which
need no look at the next. A key that is held down, or hit twice, is one decision.
"""

import time
from collections.abc import Callable

from agentx.messages import ToolCall
from agentx_tui.signals import Asked

QUIET_S = 0.4
GOES_ON_S = 1.5
"""Within which the question after a decision belongs to it."""
BLIND = frozenset({"session", "deny"})
"""Choices that a person can make before they see the call."""


class Arming:
    """Args: now: the clock, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._armed_at = 0.0
        self._tool = ""
        self._last_key, self._pressed_at = "", -GOES_ON_S
        self._kept, self._kept_at = "", -GOES_ON_S

    def shown(self, asked: Asked) -> float:
        """A question comes to the screen; seconds until its keys count."""
        now = self._now()
        goes_on = now - self._pressed_at < GOES_ON_S and _tool(asked) == self._tool != ""
        if not goes_on:
            self._kept = ""
        wait_s = 0.0 if goes_on else QUIET_S
        self._armed_at = now + wait_s
        return wait_s

    def disturbed(self) -> None:
        """Something was typed, or a key came too early."""
        self._armed_at = self._now() + QUIET_S

    def counts(self, key: str, quiet_s: float) -> bool:
        """Whether a key decides on the question that is shown, `quiet_s` after a letter was last typed."""
        now = self._now()
        repeated = key == self._last_key and now - self._pressed_at < QUIET_S
        if repeated:
            self._pressed_at = now
        return now >= self._armed_at and quiet_s >= QUIET_S and not repeated

    def decided(self, key: str, asked: Asked) -> None:
        """A key has decided."""
        self._tool, self._last_key, self._pressed_at = _tool(asked), key, self._now()

    def keep(self, key: str) -> None:
        """A key comes while nothing is asked: it is for the next question, if that belongs to the decision before."""
        now = self._now()
        if key in BLIND and key != self._last_key and now - self._pressed_at < GOES_ON_S:
            self._kept, self._kept_at = key, now

    def kept(self) -> str:
        """The key that was kept for the question that is shown, "" where none was; it is given once."""
        key, self._kept = self._kept, ""
        return key if self._now() - self._kept_at < GOES_ON_S else ""


def _tool(asked: Asked) -> str:
    """The name of the tool that an approval is asked for; "" for other questions."""
    return "" if isinstance(asked, str | ToolCall) else asked.call.name
