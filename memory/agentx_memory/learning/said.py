"""What a person has said in a session, from its journal.

Only the tasks that they typed: what was piped in beside them, answers of the model, results of tools and pages are not
theirs, and a fact about the user must not come from a stranger.
"""

from dataclasses import dataclass
from datetime import UTC

from agentx.dialogue import PIPED
from agentx.history import Run, runs
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

    Empty for a session that a model has begun for a part of its work.

    Raises:
        UsageError: there is no such session.
        StorageError: the journal cannot be read.
    """
    row = journal.session(session_id)
    # A fork has a parent too, and the event that it was forked at.
    if row.parent is not None and row.parent_event is None:
        return []
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
        if not is_imported(run) and (text := _passed_on(run))
    ]


def _passed_on(run: Run) -> str | None:
    """What was typed of a task, as the model was given it; None where a guard kept it back, or could not look at it."""
    tape = Tape(run.events, closed=True)
    guarded = tape.guarded.get("input")
    if guarded and guarded.action == "block":
        return None
    if run.finished and run.finished.status == "failed" and not tape.was_passed_on:
        return None
    return tape.passed_on(run.started.task).partition(PIPED)[0]
