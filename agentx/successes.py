"""Past tasks that went well, to be shown as worked examples with a new task that is like one of them.

Examples that are near to the question help a model more than fixed ones (Liu et al., 2022, "What Makes Good In-Context
Examples for GPT-3?", https://arxiv.org/abs/2101.06804). Of a past task only two things are taken: what the user asked
for, and the calls that were made. Its results and its answer are not: they would be taken for those of the new task.
A task for which text of strangers was read is no example, since the calls of its model may hold any of it. Nor is one
of another workspace, whose paths and names are no business of this one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from agentx.imported import is_imported
from agentx.journal.rows import SessionRow, clean
from agentx.memory import PastTasks
from agentx.messages import ToolCall

LOOKED_THROUGH = 500
"""Newest sessions, of all workspaces, among which tasks are looked for."""

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
    journal: EventLog, past_tasks: PastTasks, task: str, strategy: str, tools: Mapping[str, Any], workspace: Path | str
) -> Iterator[Success]:
    """Past tasks like this one that went well in the same workspace under the same strategy with tools that there are,
    the nearest first.

    A session counts by its first task. One that a model has begun, or that was forked, does not count.

    Raises:
        AgentXError: the journal or what is kept of past tasks cannot be read.
    """
    listing = getattr(journal, "sessions", None)
    if listing is None:  # a log that lists no sessions has no past, and nothing to tell the index
        return
    rows: list[SessionRow] = listing(LOOKED_THROUGH)
    here = clean(str(workspace))
    tasks = {row.id: row.task for row in rows if row.workspace == here and row.status == "ok" and row.parent is None}
    # Where there are none, what is kept of sessions that are gone is to be forgotten all the same.
    for id, similarity in past_tasks.nearest(task, tasks, _CANDIDATES, [row.id for row in rows]):
        if similarity < LEAST_SIMILARITY:
            return
        found = success(journal, id)
        if found and found.strategy == strategy and all(call.name in tools for call in found.calls):
            yield found


def success(journal: EventLog, session_id: str) -> Success | None:
    """A session's first task with its calls.

    None where it did not go well, text of strangers was read for it, or it was read in from a file.
    """
    run = next(iter(runs(journal.numbered(session_id))), None)
    if run is None or is_imported(run) or not _went_well(run) or any(map(_is_strange, run.events)):
        return None
    fine = {event.result.call_id for event in run.events if isinstance(event, CallFinished) and event.result.ok}
    # One that was carried out once more after a break is one call, as it was made last.
    started = {event.call.id: event.call for event in run.events if isinstance(event, CallStarted)}
    looks = next((event.calls for event in run.events if isinstance(event, Surveyed)), {})
    # What a program called is part of the program, and a look at the start is not of the model's choosing.
    calls = tuple(
        call
        for call in started.values()
        if call.id in fine and "." not in call.id and looks.get(call.name) != call.arguments
    )
    return Success(session_id, run.started.task, run.started.strategy, calls) if calls else None


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
