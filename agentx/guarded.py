"""What guards have found in a text of a run, and what was done about it: one of the events of `agentx.events`."""

from collections.abc import Iterable
from dataclasses import dataclass

from agentx.guard import TAINTING

PASS_ON = "pass_on"
"""Name of the call that stands for what a person is asked about a finding: no model may make it."""

_PLACES = {"input": "the task", "tool_result": "a result", "output": "the answer"}
_DONE = {"warn": "is passed on as it is", "mask": "is passed on without it", "block": "is kept back"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a guard has found in a text, and what was done about it (see `agentx.guard.Finding`).

    `action` is one of `agentx.guarding.actions.Action`; `spans` are the places, each a start and an end in characters
    of the text, none of them where the whole text is meant.
    """

    kind: str
    score: float
    reason: str
    guard: str
    action: str
    spans: list[list[int]]

    def __str__(self) -> str:
        """It in words, never what was found itself."""
        reason = "" if self.reason == self.kind else f"{self.reason}, "
        times = f", {len(self.spans)} times" if len(self.spans) > 1 else ""
        return f"{self.kind} ({reason}{self.score:.2f} by {self.guard}{times})"


@dataclass(frozen=True, slots=True)
class Guarded:
    """Guards have found something in a text; the event never holds what it was.

    `place` is one of `agentx.guard.Place`, `call_id` the call whose result it is. `action` is the strictest that was
    taken: with "mask" and "block" `text` is what was passed on in the text's place; that of a result stands in the
    event of the call's end.
    """

    place: str
    action: str
    found: list[Found]
    call_id: str = ""
    text: str | None = None

    @property
    def taints(self) -> bool:
        """Whether the text has to count as one of strangers."""
        return any(item.kind in TAINTING for item in self.found)

    @property
    def sentence(self) -> str:
        """It in words, for a person."""
        return f"{_PLACES.get(self.place, self.place)} holds {self.told}, and {_DONE.get(self.action, self.action)}"

    @property
    def told(self) -> str:
        return in_words(self.found)


def in_words(found: Iterable[Found]) -> str:
    """Findings in words, never what was found itself."""
    return " and ".join(dict.fromkeys(map(str, found)))
