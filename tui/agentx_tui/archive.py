"""What the page of sessions asks of the journal. Everything here blocks: it belongs in a thread.

Each function opens the journal by itself and raises AgentXError where it cannot be used, or holds no such session.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from agentx.errors import StorageError
from agentx.events import (
    Answered,
    CallDecoded,
    CallFinished,
    Event,
    Notice,
    Rewound,
    RunFinished,
    RunResumed,
    RunStarted,
)
from agentx.history import in_force
from agentx.journal import Hit, Journal, SessionRow
from agentx_tui import going_on
from agentx_tui.reducer import fold
from agentx_tui.view import View

State: TypeAlias = Literal["ended", "failed", "stopped", "broke off", "in doubt", "running"]

MAX_SESSIONS = 1_000
MAX_HITS = 200
PREVIEWED_TURNS = 3
_PREVIEWED_EVENTS = 40
_SHOWN: tuple[type[Any], ...] = (CallDecoded, CallFinished, Notice, Answered, RunResumed, RunFinished, Rewound)
_STATES: dict[str, State] = {"ok": "ended", "interrupted": "stopped", "in_doubt": "in doubt"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A session in the list.

    Attributes:
        state: "broke off" where its process ended before it did; "running" where a living process works on it.
        parent: what the session that it was forked from is called, "" where it was not.
        hit: where a search has found its words.
    """

    row: SessionRow
    state: State
    turns: int = 0
    parent: str = ""
    hit: Hit | None = None

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def name(self) -> str:
        return self.row.title or self.row.task


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn that a session can be taken back before.

    Attributes:
        number: of the event that began it.
        calls: how many it made.
        changed: paths of the files that those say they changed.
    """

    number: int
    task: str
    calls: int = 0
    changed: tuple[str, ...] = ()


def entries(workspace: str | None) -> list[Entry]:
    """The sessions of one workspace, or of all, newest first."""
    with Journal.existing() as journal:
        return _entries(journal, [(row, None) for row in journal.conversations(MAX_SESSIONS, workspace)])


def search(words: str, workspace: str | None) -> list[Entry]:
    """An entry for each place where a task, an answer or a result holds all the words, the best first."""
    with Journal.existing() as journal:
        hits = journal.search(words, MAX_HITS, workspace)
        return _entries(journal, [(hit.session, hit) for hit in hits])


def _entries(journal: Journal, found: Sequence[tuple[SessionRow, Hit | None]]) -> list[Entry]:
    rows = {row.id: row for row, _ in found}
    turns = journal.turns(list(rows))
    names = {row.id: row.title or row.task for row in rows.values()}
    for row in rows.values():
        if row.parent and row.parent not in names:
            names[row.parent] = _name_of(journal, row.parent)
    states: dict[str, State] = {row.id: _state(journal, row) for row in rows.values()}
    return [Entry(row, states[row.id], turns[row.id], names.get(row.parent or "", ""), hit) for row, hit in found]


def _name_of(journal: Journal, session_id: str) -> str:
    from agentx.errors import UsageError

    try:
        row = journal.session(session_id)
    except UsageError:
        return f"{session_id}, which was deleted"
    return row.title or row.task


def _state(journal: Journal, row: SessionRow) -> State:
    if row.status == "running":
        return "running" if journal.is_held(row.id) else "broke off"
    return _STATES.get(row.status, "failed")


def matching(found: Sequence[Entry], words: str) -> list[Entry]:
    """The entries whose name, id or folder holds all of the words, in any case."""
    wanted = words.casefold().split()
    return [entry for entry in found if all(word in _words_of(entry.row) for word in wanted)]


def _words_of(row: SessionRow) -> str:
    return f"{row.title}\n{row.task}\n{row.id}\n{row.workspace}".casefold()


def preview(session_id: str, until: int | None = None) -> View:
    """The last turns of a session, up to one of its events, without what was streamed and thought."""
    with Journal.existing() as journal:
        begun = journal.selected(session_id, [RunStarted], PREVIEWED_TURNS, until)
        rest = journal.selected(session_id, _SHOWN, _PREVIEWED_EVENTS, until)
        under_way = until is not None or journal.is_held(session_id)
    events = sorted([*begun, *rest], key=lambda item: item[0])
    return fold(event for _, event in in_force(events)) if under_way else going_on.past(events)


def turns(session_id: str) -> list[PastTurn]:
    """The turns of a session, oldest first."""
    with Journal.existing() as journal:
        held = in_force(journal.selected(session_id, [RunStarted, CallFinished, Rewound], 2**31 - 1))
    found: list[PastTurn] = []
    for number, event in held:
        if isinstance(event, RunStarted):
            found.append(PastTurn(number, event.task))
        elif isinstance(event, CallFinished) and found:
            last = found[-1]
            changed = tuple(dict.fromkeys([*last.changed, *event.result.changed]))
            found[-1] = PastTurn(last.number, last.task, last.calls + 1, changed)
    return found


def recorded(session_id: str) -> list[tuple[int, float, Event]]:
    """The events of a session in order, each with its number and when it was written, as a POSIX time."""
    with Journal.existing() as journal:
        return [(number, at.timestamp(), event) for number, at, event in journal.recorded(session_id)]


def rename(session_id: str, title: str) -> None:
    with Journal.existing() as journal:
        journal.rename(session_id, title)


def remove(session_id: str) -> None:
    """Deletes a session for good; one that a living process works on stays, which is an error."""
    with Journal.existing() as journal:
        journal.remove(session_id)
        with suppress(StorageError):  # it is deleted, whatever comes of this
            journal.compact()


def export(session_id: str, form: str, folder: Path, picture: str = "") -> Path:
    """Writes a session, or a picture of it as SVG, into a new file in a folder; see `agentx.cli.exporting`."""
    from agentx.cli import exporting

    if picture:
        return exporting.put(folder, session_id, ".svg", picture.encode())
    with Journal.existing() as journal:
        return exporting.new_file(journal, session_id, exporting.named(form), folder)
