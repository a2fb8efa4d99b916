"""What a person has said in a session, from its journal.

Only the tasks that they typed: answers of the model, results of tools and pages are not theirs, and a fact about the
user must not come from a stranger.
"""

from dataclasses import dataclass
from datetime import UTC

from agentx.events import Delegated
from agentx.history import Run, runs
from agentx.journal import Journal, SessionRow
from agentx.tape import Tape

_LOOKED_AT = 50
"""Newest sessions among which `last` is looked for."""


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
    if _is_delegated(journal, journal.session(session_id)):
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
        if (text := _passed_on(run))
    ]


def _passed_on(run: Run) -> str | None:
    """A task as the model was given it; None where a guard has kept it back, or could not look at it."""
    tape = Tape(run.events, closed=True)
    guarded = tape.guarded.get("input")
    if guarded and guarded.action == "block":
        return None
    if run.finished and run.finished.status == "failed" and not tape.was_passed_on:
        return None
    return tape.passed_on(run.started.task)


def latest(journal: Journal, workspace: str) -> str | None:
    """The newest session of a workspace that a person has begun; None if there is none."""
    rows = journal.sessions(_LOOKED_AT, workspace)
    return next((row.id for row in rows if not _is_delegated(journal, row)), None)


def _is_delegated(journal: Journal, row: SessionRow) -> bool:
    """A fork has a parent too, but the parent's journal knows nothing of it."""
    return row.parent is not None and any(
        isinstance(event, Delegated) and event.session_id == row.id for _, event in journal.iterate(row.parent)
    )
