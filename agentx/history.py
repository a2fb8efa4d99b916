"""A session's past, from its journal: which runs it had, and how each of them ended."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from agentx.errors import UsageError
from agentx.events import (
    DoubtRaised,
    DoubtSettled,
    Event,
    EventLog,
    ModelReplied,
    ModelScored,
    Rewound,
    RunFinished,
    RunResumed,
    RunStarted,
    StepFinished,
)

Numbered = tuple[int, Event]


@dataclass(slots=True)
class Run:
    """One task of a session.

    Attributes:
        number: of the event that began it, in the session.
        events: between the beginning and the end, in order.
        finished: how it ended; None where the process ended first.
    """

    started: RunStarted
    number: int
    events: list[Event] = field(default_factory=list[Event])
    finished: RunFinished | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether there is something left of it to be done."""
        return self.finished is None or self.finished.status not in ("ok", "refused")

    @property
    def can_be_played(self) -> bool:
        """Whether the model's replies were kept, which sessions of old versions lack."""
        steps = any(isinstance(event, StepFinished) for event in self.events)
        return not steps or any(isinstance(event, ModelReplied | ModelScored) for event in self.events)

    @property
    def doubts(self) -> list[str]:
        """Ids of the calls in doubt that nobody has settled."""
        found: dict[str, None] = {}
        for event in self.events:
            if isinstance(event, DoubtRaised):
                found[event.call.id] = None
            elif isinstance(event, DoubtSettled):
                found.pop(event.call_id, None)
        return list(found)


def in_force(events: Iterable[Numbered]) -> list[Numbered]:
    """The events of a session without those that it was rewound past."""
    found: list[Numbered] = []
    for number, event in events:
        if isinstance(event, Rewound):
            found = [item for item in found if item[0] <= event.to]
        else:
            found.append((number, event))
    return found


def ending(last: Event | None) -> tuple[str, Any] | None:
    """Status and output of a session whose last event that counts this is; None while a task of it is under way."""
    return (last.status, last.output) if isinstance(last, RunFinished) else None


def as_rewound(to: Event | None) -> tuple[str, Any]:
    """As `ending`, of a session that was taken back to this event, None being its beginning: no task is under way."""
    return ending(to) or ("interrupted", None)


def runs(events: Iterable[Numbered]) -> list[Run]:
    """The runs of a session in order; one that broke off and went on is one."""
    found: list[Run] = []
    for number, event in in_force(events):
        if isinstance(event, RunStarted):
            found.append(Run(event, number))
        elif found and isinstance(event, RunFinished):
            found[-1].finished = event
        elif found and isinstance(event, RunResumed):
            found[-1].finished = None
        elif found:
            found[-1].events.append(event)
    return found


def originals(journal: EventLog, session_id: str) -> Iterator[tuple[str, int]]:
    """The sessions that one was forked from, the nearest first, each with the number of the last event that was taken
    over; none of a log that does not tell."""
    asked: Any = getattr(journal, "session", None)
    seen, name, last = {session_id}, session_id, sys.maxsize
    with suppress(UsageError):  # one was deleted, and its helpers with it
        while asked and (row := asked(name)).parent_event is not None and row.parent not in seen:
            name, last = row.parent, min(last, row.parent_event)
            seen.add(name)
            yield name, last
