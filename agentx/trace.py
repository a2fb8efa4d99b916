"""What a session did and when, as nested spans: tasks, steps, requests to the model, calls, and sessions that helped.

Made of the journal's events and of the times at which they were written. The time between two tasks is left out, so
that a conversation of an afternoon is as long as the work in it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from agentx.messages import Usage

if TYPE_CHECKING:
    from agentx.journal.reading import Reading

Kind: TypeAlias = Literal["task", "load", "step", "reply", "probe", "call", "fold", "agent", "mark"]
PartKind: TypeAlias = Literal["whole", "read", "write", "tool", "wait"]
"""What the time of a part went into: reading a prompt, writing tokens, a tool, or waiting for a person."""

PIECES = ("TextDelta", "CallProgress")
"""Kinds of events that are many and tell a trace nothing: another event has the whole of what they are pieces of."""

MAX_DEPTH = 8
"""Of sessions that work for one another."""


@dataclass(frozen=True, slots=True)
class Part:
    kind: PartKind
    start: float
    end: float


@dataclass(slots=True)
class Span:
    """Something that took time; not changed any more once `read` has returned it.

    Attributes:
        key: tells it from the other spans of the trace, and is the same when the trace is read again.
        name: what it is; `about` says more, as the arguments of a call.
        start, end: seconds of work since the beginning of the trace. A span that has not ended yet ends with the last
            event.
        status: how it ended, "" where there is nothing to tell; "open" where it has not.
        usage: of a request to the model, or of all in a step or a task.
        texts: what there is to read of it, each with its heading.
        request: the digest of what the model was asked (see `agentx.recorded_model`); "" for what is no request.
    """

    key: str
    kind: Kind
    name: str
    start: float
    end: float
    about: str = ""
    session_id: str = ""
    status: str = ""
    usage: Usage | None = None
    parts: list[Part] = field(default_factory=list[Part])
    children: list["Span"] = field(default_factory=list["Span"])
    texts: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    request: str = ""

    @property
    def elapsed_s(self) -> float:
        return self.end - self.start

    def walk(self) -> Iterator["Span"]:
        """This span, then all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Trace:
    """A session's tasks, one after the other."""

    session_id: str
    tasks: tuple[Span, ...] = ()

    @property
    def end(self) -> float:
        """Seconds of work in all."""
        return max((span.end for span in self.tasks), default=0.0)

    def walk(self) -> Iterator[Span]:
        for span in self.tasks:
            yield from span.walk()


def read(journal: "Reading", session_id: str) -> Trace:
    """The trace of a session, and of those that worked for it.

    Raises:
        UsageError: no such session.
        StorageError: the journal cannot be read.
    """
    tasks = _spans(journal, session_id, MAX_DEPTH)
    end = 0.0
    for span in tasks:
        length = span.elapsed_s
        _shift(span, end - span.start)
        end += length
    return Trace(session_id, tuple(tasks))


def _spans(journal: "Reading", session_id: str, depth: int) -> list[Span]:
    """The tasks of a session, at seconds since the epoch."""
    from agentx.trace_building import spans

    tasks = spans(session_id, ((at.timestamp(), event) for at, event in journal.timed(session_id, PIECES)))
    if depth and tasks:
        # Its own calls alone: one that a helper makes meanwhile has begun no other helper.
        calls = [span for task in tasks for span in task.walk() if span.kind == "call"]
        for row in journal.helpers(session_id):
            for span in _spans(journal, row.id, depth - 1):
                span.kind = "agent"
                _place(tasks, calls, span)
    return tasks


def _place(tasks: list[Span], calls: list[Span], helper: Span) -> None:
    """Puts what a helping session did under the call that it was begun by, or under the task that it served."""
    # Unless a tool names it otherwise, such a session is called after its call.
    named = [span for span in calls if helper.session_id.startswith(f"{call_id(span)}-")]
    around = [span for span in [*tasks, *calls] if span.start <= helper.start <= span.end]
    owner = ([span for span in named if span in around] or named or around or tasks)[-1]
    owner.children.append(helper)
    owner.children.sort(key=lambda span: span.start)


def call_id(span: Span) -> str:
    """The id of a call, of its span; "" for other spans. The ids of sessions and calls may hold any sign."""
    return span.key.removeprefix(f"{span.session_id}/").partition("#")[2]


def _shift(span: Span, by: float) -> None:
    for each in span.walk():
        each.start += by
        each.end += by
        each.parts = [Part(part.kind, part.start + by, part.end + by) for part in each.parts]


def as_text(value: object) -> str:
    """A value as a reader wants it: text as it is, other values as JSON of several lines."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)


def total(usages: Iterable[Usage]) -> Usage:
    return sum(usages, Usage())
