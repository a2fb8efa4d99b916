"""What a person has said in a session, from its journal.

Only the tasks that they gave: what was piped in beside one, answers of the model, results of tools and pages are not
theirs, and a fact about the user must not come from a stranger. A task that is itself read from a pipe (`agentx run -`)
counts as given by them: the journal does not tell it from one that was typed.
"""

import math
from dataclasses import dataclass
from datetime import UTC

from agentx.dialogue import PIPED
from agentx.errors import UsageError
from agentx.history import Run, originals, runs
from agentx.imported import is_imported
from agentx.journal import Journal
from agentx.tape import Tape


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the user.

    Attributes:
        event: number of the event in the session that holds it.
        at: UTC in ISO 8601.
    """

    session: str
    event: int
    at: str
    text: str

    @property
    def source(self) -> str:
        return f"session {self.session} event {self.event}"


def said(journal: Journal, session_id: str) -> list[Said]:
    """The user's messages in order, without those that the session was rewound past, and as guards have passed them on:
    what they kept from the model is not read to it now.

    Without the tasks that a model has given, to a session that it has begun for a part of its work, be it forked since.

    Raises:
        UsageError: there is no such session.
        StorageError: the journal cannot be read.
    """
    delegated = _last_delegated(journal, session_id)
    numbered = journal.numbered(session_id)
    times = {number: at for (number, _), (at, _) in zip(numbered, journal.timed(session_id), strict=False)}
    return [
        Said(
            session_id,
            run.number,
            times[run.number].astimezone(UTC).isoformat(timespec="seconds"),
            text,
        )
        for run in runs(numbered)
        # Whoever wrote the file of a session that was read in has chosen its words.
        if run.number > delegated and not is_imported(run) and (text := _passed_on(run))
    ]


def _last_delegated(journal: Journal, session_id: str) -> float:
    """The number of the last event up to which the tasks of a session are those of a model; 0 where none are.

    A fork has a parent too, with the event that it was forked at. One whose original is gone passes for the user's.
    """
    name, last = [(session_id, math.inf), *originals(journal, session_id)][-1]
    try:
        first = journal.session(name)
    except UsageError:
        return 0
    return last if first.parent is not None and first.parent_event is None else 0


def _passed_on(run: Run) -> str | None:
    """What the user gave of a task, as the model got it; None where a guard kept it back, or could not look at it."""
    tape = Tape(run.events, closed=True)
    guarded = tape.guarded.get("input")
    if guarded and guarded.action == "block":
        return None
    if run.finished and run.finished.status == "failed" and not tape.was_passed_on:
        return None
    return tape.passed_on(run.started.task).partition(PIPED)[0]
