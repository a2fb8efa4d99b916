"""Past tasks that went well, to be shown as worked examples with a new task that is like one of them.

Examples that are near to the question help a model more than fixed ones (Liu et al., 2022, "What Makes Good In-Context
Examples for GPT-3?", https://arxiv.org/abs/2101.06804). Of a past task only two things are taken: what the user asked
for, and the calls that were made. Its results and its answer are not: they would be taken for those of the new task.
A session that has read text of strangers gives no example, since the calls of its model may hold any of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentx.events import (
    Answered,
    CallFinished,
    CallStarted,
    Delegated,
    Event,
    EventLog,
    Guarded,
    Steered,
    SteeringShown,
    Surveyed,
)
from agentx.history import Run, runs
from agentx.memory import PastTasks
from agentx.messages import ToolCall

if TYPE_CHECKING:
    from agentx.journal.rows import SessionRow

LOOKED_THROUGH = 500
"""Newest sessions among which tasks are looked for."""

LEAST_SIMILARITY = 0.5
"""Cosine from which on a past task is like the new one."""

_CANDIDATES = 8  # nearest tasks whose sessions are read


@dataclass(frozen=True, slots=True)
class Success:
    """A task that was done well.

    Attributes:
        calls: those that the model made and that succeeded, as they were carried out.
    """

    session: str
    task: str
    strategy: str
    calls: tuple[ToolCall, ...]


def successes(
    journal: EventLog, past_tasks: PastTasks, task: str, strategy: str, tools: Mapping[str, Any]
) -> Iterator[Success]:
    """Past tasks like this one that went well under the same strategy with tools that there are, the nearest first.

    A session counts by its first task. One that a model has begun, or that was forked, does not count.

    Raises:
        AgentXError: the journal or what is kept of past tasks cannot be read.
    """
    tasks = {row.id: row.task for row in _sessions(journal) if row.status == "ok" and row.parent is None}
    for id, similarity in past_tasks.nearest(task, tasks, _CANDIDATES) if tasks else ():
        if similarity < LEAST_SIMILARITY:
            return
        found = success(journal, id)
        if found and found.strategy == strategy and all(call.name in tools for call in found.calls):
            yield found


def success(journal: EventLog, session_id: str) -> Success | None:
    """A session's first task with its calls; None where it did not go well, or text of strangers was read for it."""
    run = next(iter(runs(journal.numbered(session_id))), None)
    if run is None or not _went_well(run) or any(map(_is_strange, run.events)):
        return None
    fine = {event.result.call_id for event in run.events if isinstance(event, CallFinished) and event.result.ok}
    started = (event.call for event in run.events if isinstance(event, CallStarted))
    looks = next((event.calls for event in run.events if isinstance(event, Surveyed)), {})
    # What a program called is part of the program, and a look at the start is not of the model's choosing.
    calls = tuple(
        call for call in started if call.id in fine and "." not in call.id and looks.get(call.name) != call.arguments
    )
    return Success(session_id, run.started.task, run.started.strategy, calls) if calls else None


def _sessions(journal: EventLog) -> "list[SessionRow]":
    listing = getattr(journal, "sessions", None)
    return listing(LOOKED_THROUGH) if listing else []


def _went_well(run: Run) -> bool:
    """To its end, by the task alone, without a finding of a guard or a claim of the answer that nothing bears out."""
    from agentx.dialogue import PIPED

    if run.finished is None or run.finished.status != "ok" or PIPED in run.started.task:
        return False
    for event in run.events:
        if isinstance(event, Steered | SteeringShown | Guarded) or (isinstance(event, Answered) and event.unverified):
            return False
    return True


def _is_strange(event: Event) -> bool:
    if isinstance(event, Delegated):
        return _is_strange(event.event)
    return isinstance(event, CallFinished) and event.result.untrusted
