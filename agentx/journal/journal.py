"""The journal itself: what is written to it, whatever the database."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx import folders
from agentx.errors import StorageError
from agentx.events import Event, ModeChanged, Steered, StepStarted, TextDelta, to_json
from agentx.journal import copies, keeping, search
from agentx.journal.database import Database, Run
from agentx.journal.reading import Reading
from agentx.journal.rows import DURABLE, clean, dump, new_id, stamp, taken_id, unknown_session
from agentx.journal.sqlite import SqliteDatabase
from agentx.redaction import Pieces, redact, redact_json
from agentx.tool_state import DiskStates, MemoryStates, States

if TYPE_CHECKING:
    from agentx.config import Settings

_PURGED_AT_ONCE = 20
"""Sessions that a new one may cost."""


class Journal(Reading):
    """An event log in one file, or in memory with `":memory:"`; may be used from several threads and processes.

    Where nothing is to be kept, `agentx.memory_journal` does without SQLite. `Journal.at` takes other databases.

    The rows of a call's intent and of its result (`DURABLE`) are on the disk when `append` returns; the others are
    after a crash of the process, and may be lost with the power.

    Raises:
        StorageError: by every method, where the database cannot be read or written, is no journal, or is of a newer
            version.
    """

    def __init__(self, path: Path | str | Database) -> None:
        self.database: Database = SqliteDatabase(str(path)) if isinstance(path, str | Path) else path
        self.keep_days: float | None = None
        """Days after which a session may go, once nothing happens in it; some go whenever a new one is made."""
        self.states: States = MemoryStates() if self.database.in_memory else DiskStates()
        self._pieces: dict[str, tuple[str, Pieces]] = {}

    @classmethod
    def at(cls, url: str) -> "Journal":
        """The journal in a database that a SQLAlchemy URL names, laid out if there is none.

        Raises:
            ConfigError: the URL cannot be read, names another kind of database, or a library for it is missing.
        """
        from agentx.journal import urls

        return cls(urls.opened(url))

    @classmethod
    def default(cls) -> "Journal":
        """The user's journal as the settings have it, made if there is none.

        Raises:
            ConfigError: the settings cannot be read.
        """
        settings = _settings()
        journal = cls.at(settings.journal_url) if settings.journal_url else cls(cls.default_path())
        journal.keep_days = settings.sessions_keep_days
        return journal

    @classmethod
    def existing(cls) -> "Journal":
        """The user's journal, or an empty one in memory: looking makes no file."""
        if _settings().journal_url or cls.default_path().exists():
            return cls.default()
        return cls(":memory:")

    @staticmethod
    def default_path() -> Path:
        """Where the user's journal lies, in the data folder, unless `journal_url` is set."""
        return folders.data_dir() / "sessions.sqlite3"

    def create_session(
        self,
        *,
        workspace: Path | str,
        model: str,
        task: str,
        session_id: str | None = None,
        title: str = "",
        parent: str | None = None,
        parent_event: int | None = None,
    ) -> str:
        """Writes the row of a new session and returns its id; ids sort by time.

        Raises:
            UsageError: `session_id` was given and is taken.
        """
        now = datetime.now(UTC)
        while True:
            name = session_id or new_id(now)
            with self.database.writing(durable=True) as run:
                made = run(
                    "INSERT INTO sessions (id, created, workspace, model, task, title, parent, parent_event) VALUES"
                    " (:id, :created, :workspace, :model, :task, :title, :parent, :parent_event)"
                    " ON CONFLICT (id) DO NOTHING RETURNING id",
                    id=name,
                    created=now.isoformat(),
                    workspace=clean(str(workspace)),
                    model=model,
                    task=redact(clean(task)),
                    title=redact(clean(title)),
                    parent=parent,
                    parent_event=parent_event,
                )
            if made:
                if self.keep_days is not None:
                    with suppress(StorageError):  # the new one is there; the next one deletes them
                        self.purge(self.keep_days, _PURGED_AT_ONCE)
                return name
            if session_id:
                raise taken_id(session_id)

    def append(self, session_id: str, event: Event) -> int:
        """Writes an event and returns its number in the session, from 1.

        Raises:
            UsageError: no such session.
        """
        with self.database.writing(durable=type(event) in DURABLE) as run:
            if not self.database.hold(run, session_id):
                raise unknown_session(session_id)
            numbers = [_insert(run, session_id, item) for item in self._redacted(session_id, event)]
            if isinstance(event, StepStarted):
                run("UPDATE sessions SET steps = steps + 1 WHERE id = :id", id=session_id)
        return numbers[-1]

    def _redacted(self, session_id: str, event: Event) -> list[Event]:
        """The event as it is written, behind what a secret may have kept back of the text before it."""
        before = self._pieces.get(session_id)
        if isinstance(event, TextDelta) and (before is None or before[0] == event.channel):
            channel, pieces = before or self._pieces.setdefault(session_id, (event.channel, Pieces()))
            return [TextDelta(channel, pieces.take(event.text))]
        if before is None or isinstance(event, Steered | ModeChanged):  # which come in the midst of a text
            return [event]
        del self._pieces[session_id]
        channel, pieces = before
        rest = pieces.rest()
        return [*([TextDelta(channel, rest)] if rest else []), *self._redacted(session_id, event)]

    def finish(self, session_id: str, status: str, result_json: Any) -> None:
        """Writes how a session ended; a later turn of it may end it again.

        Raises:
            UsageError: no such session.
        """
        with self.database.writing(durable=True) as run:
            self._update(
                run,
                session_id,
                "status = :status, result = :result, ended = :ended",
                status=status,
                result=redact_json(dump(result_json)),
                ended=stamp(),
            )
            search.index(run, session_id)

    def reopen(self, session_id: str) -> None:
        """A session that has ended, or whose process was killed, runs again; what came of it before stays readable.

        Raises:
            UsageError: no such session.
        """
        with self.database.writing(durable=True) as run:
            self._update(run, session_id, "status = 'running', ended = NULL")

    def rename(self, session_id: str, title: str) -> None:
        """Gives a session a title.

        Raises:
            UsageError: no such session.
        """
        with self.database.writing(durable=True) as run:
            self._update(run, session_id, "title = :title", title=redact(clean(title)))

    def _update(self, run: Run, session_id: str, assignments: str, **values: Any) -> None:
        if not run(f"UPDATE sessions SET {assignments} WHERE id = :id RETURNING id", id=session_id, **values):
            raise unknown_session(session_id)

    def fork(self, session_id: str, number: int | None = None, title: str = "") -> str:
        """A new session with the events up to `number`, or all, which goes on from there; returns its id.

        It has ended if that event was the last of a run.

        Raises:
            UsageError: no such session or event.
        """
        name = copies.fork(self.database, session_id, number, redact(title))
        with suppress(OSError):  # without, the tools begin anew
            self.states.copy(session_id, name)
        return name

    def read_in(self, lines: Iterable[str]) -> list[tuple[str, str]]:
        """Writes the sessions that `export` has given; returns for each the id that it had and the one it has got.

        An id is kept unless it is taken. All are written, or none; what permits anything is left out (see
        `agentx.imported`).

        Raises:
            UsageError: a line is none of those: which one, and why.
        """
        return copies.read_in(self.database, lines)

    def remove(self, session_id: str) -> list[str]:
        """Deletes a session with all its events, and those that work for its tasks; returns their ids, its own first.

        Words of it may stay in the files until `compact`.

        Raises:
            UsageError: no such session, or a living process works on it or on one of the others.
        """
        gone = keeping.remove(self.database, session_id)
        self._forget(gone)
        return gone

    def purge(self, keep_days: float, limit: int | None = None) -> list[str]:
        """Deletes the sessions in which nothing has happened for so long, at most `limit`, with those that work for
        them; returns the ids of all.

        Those that a living process works on stay. Words of those that go may stay in the files until `compact`.
        """
        gone = keeping.purge(self.database, keep_days, limit)
        self._forget(gone)
        return gone

    def compact(self) -> None:
        """Leaves nothing in the files of the sessions that were deleted. Reads and writes all that is indexed, and
        nobody else writes meanwhile: for once after deletions that somebody asked for, and for no run."""
        self.database.compact()

    def _forget(self, session_ids: Iterable[str]) -> None:
        """Deletes what lies beside the database of sessions that were deleted."""
        for session_id in session_ids:
            self.states.forget(session_id)
            self._pieces.pop(session_id, None)

    def lease(self, session_id: str) -> AbstractContextManager[None]:
        """That this process works on the session: nobody else gets the lease until the context, or the process, ends.

        Raises:
            UsageError: another process has it.
        """
        return self.database.lease(session_id)

    def is_held(self, session_id: str) -> bool:
        """Whether a living process has the session's lease."""
        return self.database.is_held(session_id)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _settings() -> "Settings":
    from agentx import config

    try:
        here = Path.cwd()
    except OSError:
        # The folder was deleted, and with it what it has set.
        here = Path("/")
    return config.load(here).settings


def _insert(run: Run, session_id: str, event: Event) -> int:
    row = to_json(event)
    [(number,)] = run(
        "INSERT INTO events (session, number, at, kind, body)"
        " SELECT :session, COALESCE(MAX(number), 0) + 1, :at, :kind, :body"
        " FROM events WHERE session = :session RETURNING number",
        session=session_id,
        at=stamp(),
        kind=row["kind"],
        body=redact_json(dump(row)),
    )
    return number
