"""Plays the events of a session again, at the pace in which they were recorded. Pure: it is told how time goes by."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from agentx.events import (
    ApprovalGiven,
    DoubtSettled,
    Event,
    QuestionAnswered,
    Rewound,
    RunResumed,
    RunStarted,
)
from agentx_tui.reducer import reduce
from agentx_tui.view import View

EVERY = 64
"""Events between two views that are kept, from which those between them are made."""
MAX_WAIT_S = 1.0
"""For what the person did: how long that took them is of no interest."""
_OF_PERSONS: tuple[type[Any], ...] = (RunStarted, RunResumed, Rewound, ApprovalGiven, QuestionAnswered, DoubtSettled)


class Player:
    """A place in a recorded session, and the view there.

    Args:
        recorded: each event with its number and when it was written, in seconds.

    Attributes:
        events: all of them.
        at: how many of them have happened.
        view: what there is to see then.
        played_s: how far the clock has come, which may be beyond the last of those events.
    """

    def __init__(self, recorded: Iterable[tuple[int, float, Event]]) -> None:
        self.events: list[Event] = []
        self._numbers: list[int] = []
        self._times_s: list[float] = []
        before = clock = 0.0
        for number, written, event in recorded:
            # The clock of the machine may have been set back.
            waited = max(0.0, written - before) if self.events else 0.0
            clock += min(waited, MAX_WAIT_S) if isinstance(event, _OF_PERSONS) else waited
            before = written
            self.events.append(event)
            self._times_s.append(clock)
            self._numbers.append(number)
        self._kept: list[View] = [View()]
        self.at = 0
        self.view = View()
        self.played_s = 0.0

    @property
    def over(self) -> bool:
        return self.at == len(self.events)

    @property
    def length_s(self) -> float:
        return self._times_s[-1] if self._times_s else 0.0

    @property
    def next_in_s(self) -> float:
        """Recorded seconds until the next event; 0 where there is none."""
        return 0.0 if self.over else max(0.0, self._times_s[self.at] - self.played_s)

    def go_by(self, seconds: float) -> None:
        """Lets so many recorded seconds go by."""
        self.played_s = min(self.played_s + seconds, self.length_s)
        at = self.at
        while at < len(self.events) and self._times_s[at] <= self.played_s:
            at += 1
        self._move(at)

    def seek(self, at: int) -> None:
        """Shows what there was to see after so many events."""
        at = max(0, min(at, len(self.events)))
        self.played_s = self._times_s[at - 1] if at else 0.0
        self._move(at)

    def _move(self, at: int) -> None:
        if at != self.at:
            view = self.view
            if at < self.at or at - self.at > EVERY:
                view = self._view_after(at)
            else:
                for place in range(self.at, at):
                    view = self._after(view, place)
            self.at, self.view = at, view

    def _view_after(self, at: int) -> View:
        """The view after so many events, from the nearest that is kept."""
        nearest = min(at // EVERY, len(self._kept) - 1)
        view = self._kept[nearest]
        for place in range(nearest * EVERY, at):
            view = self._after(view, place)
            if (place + 1) % EVERY == 0 and (place + 1) // EVERY == len(self._kept):
                self._kept.append(view)
        return view

    def _after(self, view: View, place: int) -> View:
        event = self.events[place]
        # A session that was rewound goes on from what there was to see then.
        if isinstance(event, Rewound):
            return self._view_after(bisect_right(self._numbers, event.to, hi=place))
        return reduce(view, event)
