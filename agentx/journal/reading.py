"""What can be asked of a journal, whatever the database."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agentx.events import Event
from agentx.journal import copies, search
from agentx.journal.database import Database
from agentx.journal.rows import COLUMNS, Hit, SessionRow, clean, decoded, json_of, unknown_session

_PAGE = 1000


class Reading:
    """The questions of a `Journal`."""

    database: Database

    def sessions(self, limit: int = 50, workspace: str | None = None) -> list[SessionRow]:
        """The latest sessions, newest first; those of one workspace, where one is named."""
        return self._newest(limit, workspace)

    def latest(self, workspace: str | None = None) -> SessionRow | None:
        """The newest session, of one workspace where one is named; None if there is none.

        Those that work for another's task do not count.
        """
        return next(iter(self._newest(1, workspace, "(parent IS NULL OR parent_event IS NOT NULL)")), None)

    def _newest(self, limit: int, workspace: str | None, *conditions: str) -> list[SessionRow]:
        values = {} if workspace is None else {"workspace": clean(workspace)}
        which = " AND ".join([*(["workspace = :workspace"] if values else []), *conditions])
        where = f"WHERE {which} " if which else ""
        rows = self.database.read(
            f"SELECT {COLUMNS} FROM sessions {where}ORDER BY created DESC, seq DESC LIMIT :limit", limit=limit, **values
        )
        return [SessionRow(*row) for row in rows]

    def last_number(self, session_id: str) -> int:
        """The number of the session's last event, 0 while there is none.

        Raises:
            UsageError: no such session.
        """
        self.session(session_id)
        [(number,)] = self.database.read(
            "SELECT COALESCE(MAX(number), 0) FROM events WHERE session = :id", id=session_id
        )
        return number

    def session(self, session_id: str) -> SessionRow:
        """One session.

        Raises:
            UsageError: no such session.
        """
        rows = self.database.read(f"SELECT {COLUMNS} FROM sessions WHERE id = :id", id=session_id)
        if not rows:
            raise unknown_session(session_id)
        return SessionRow(*rows[0])

    def result(self, session_id: str) -> Any:
        """The JSON that `finish` was given last; None if it was not called yet.

        Raises:
            UsageError: no such session.
        """
        rows = self.database.read("SELECT result FROM sessions WHERE id = :id", id=session_id)
        if not rows:
            raise unknown_session(session_id)
        return json_of(rows[0][0])

    def events(self, session_id: str) -> list[Event]:
        """The events of a session in order; damaged ones, and kinds that a newer minor version has added, are left out.

        Raises:
            UsageError: no such session.
        """
        return [event for _, event in self.iterate(session_id)]

    def numbered(self, session_id: str) -> list[tuple[int, Event]]:
        """The events of a session as `events` gives them, each with its number.

        Raises:
            UsageError: no such session.
        """
        return list(self.iterate(session_id))

    def iterate(self, session_id: str, after: int = 0) -> Iterator[tuple[int, Event]]:
        """The events behind number `after`, read page by page as they are asked for.

        Raises:
            UsageError: no such session.
        """
        return ((number, event) for number, _, event in self._pages(session_id, after))

    def timed(self, session_id: str) -> Iterator[tuple[datetime, Event]]:
        """The events of a session, each with when it was written.

        Raises:
            UsageError: no such session.
        """
        return ((datetime.fromisoformat(at), event) for _, at, event in self._pages(session_id, 0))

    def _pages(self, session_id: str, after: int) -> Iterator[tuple[int, str, Event]]:
        self.session(session_id)
        while rows := self.database.read(
            "SELECT number, at, body FROM events WHERE session = :session AND number > :after"
            " ORDER BY number LIMIT :limit",
            session=session_id,
            after=after,
            limit=_PAGE,
        ):
            for number, at, body in rows:
                if event := decoded(body):
                    yield number, at, event
            after = rows[-1][0]

    def tail(self, session_id: str, count: int, before: int | None = None) -> list[tuple[int, Event]]:
        """The last `count` events, or the last of those before number `before`; quick however long the session is.

        Raises:
            UsageError: no such session.
        """
        self.session(session_id)
        rows = self.database.read(
            "SELECT number, body FROM events WHERE session = :session AND number < :before"
            " ORDER BY number DESC LIMIT :limit",
            session=session_id,
            before=2**31 - 1 if before is None else before,
            limit=count,
        )
        return [(number, event) for number, body in reversed(rows) if (event := decoded(body))]

    def search(self, query: str, limit: int = 50, workspace: str | None = None) -> list[Hit]:
        """The tasks, answers and results that hold all words of the query, the last of which may be a beginning.

        Raises:
            UsageError: the query has no word.
        """
        return search.search(self.database, query, limit, workspace)

    def export(self, session_id: str) -> Iterator[str]:
        """The session as JSON Lines, which `Journal.read_in` takes.

        Raises:
            UsageError: no such session.
        """
        return copies.lines_of(self.database, session_id)
