"""What can be asked of a journal, whatever the database."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from agentx.events import Event, Rewound
from agentx.journal import copies, search
from agentx.journal.database import Database
from agentx.journal.rows import COLUMNS, Hit, SessionRow, clean, decoded, json_of, unknown_session

_PAGE = 1000
_MANY = 500
"""Names in one question, of which databases take a limited number."""
_OWN = "(parent IS NULL OR parent_event IS NOT NULL)"


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
        return next(iter(self._newest(1, workspace, _OWN)), None)

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

    def conversations(self, limit: int = 50, workspace: str | None = None) -> list[SessionRow]:
        """As `sessions`, without those that work for another's task."""
        return self._newest(limit, workspace, _OWN)

    def turns(self, session_ids: Sequence[str]) -> dict[str, int]:
        """How many tasks were begun in each of these sessions, without those that it was rewound past."""
        found: dict[str, list[int]] = {session_id: [] for session_id in session_ids}
        for at in range(0, len(session_ids), _MANY):
            names = {f"id{number}": name for number, name in enumerate(session_ids[at : at + _MANY])}
            rows = self.database.read(
                "SELECT session, number, CASE kind WHEN 'Rewound' THEN body END FROM events"
                f" WHERE session IN (:{', :'.join(names)}) AND kind IN ('RunStarted', 'Rewound')"
                " ORDER BY session, number",
                **names,
            )
            for session_id, number, body in rows:
                begun = found[session_id]
                rewound = decoded(body) if body else None
                if isinstance(rewound, Rewound):
                    begun[:] = [each for each in begun if each <= rewound.to]
                elif not body:
                    begun.append(number)
        return {session_id: len(begun) for session_id, begun in found.items()}

    def selected(
        self, session_id: str, kinds: Sequence[type[Any]], count: int, until: int | None = None
    ) -> list[tuple[int, Event]]:
        """The last `count` events of these classes, up to number `until`, each with its number, in order.

        Raises:
            UsageError: no such session.
        """
        self.session(session_id)
        names = {f"kind{number}": kind.__name__ for number, kind in enumerate(kinds)}
        rows = self.database.read(
            "SELECT number, body FROM events WHERE session = :session AND number <= :until"
            f" AND kind IN (:{', :'.join(names)}) ORDER BY number DESC LIMIT :limit",
            session=session_id,
            until=2**31 - 1 if until is None else until,
            limit=count,
            **names,
        )
        return [(number, event) for number, body in reversed(rows) if (event := decoded(body))]

    def recorded(self, session_id: str) -> Iterator[tuple[int, datetime, Event]]:
        """The events of a session, each with its number and when it was written.

        Raises:
            UsageError: no such session.
        """
        return ((number, datetime.fromisoformat(at), event) for number, at, event in self._pages(session_id, 0))

    def timed(self, session_id: str, without: Sequence[str] = ()) -> Iterator[tuple[datetime, Event]]:
        """The events of a session, each with when it was written, but for those of the kinds in `without`.

        Raises:
            UsageError: no such session.
        """
        return ((datetime.fromisoformat(at), event) for _, at, event in self._pages(session_id, 0, without))

    def helpers(self, session_id: str) -> list[SessionRow]:
        """The sessions that work for a session's tasks, oldest first; forks of it are none."""
        rows = self.database.read(
            f"SELECT {COLUMNS} FROM sessions WHERE parent = :id AND parent_event IS NULL ORDER BY created, seq",
            id=session_id,
        )
        return [SessionRow(*row) for row in rows]

    def _pages(self, session_id: str, after: int, without: Sequence[str] = ()) -> Iterator[tuple[int, str, Event]]:
        self.session(session_id)
        kinds = {f"kind{at}": kind for at, kind in enumerate(without)}
        wanted = f" AND kind NOT IN (:{', :'.join(kinds)})" if kinds else ""
        while rows := self.database.read(
            f"SELECT number, at, body FROM events WHERE session = :session AND number > :after{wanted}"
            " ORDER BY number LIMIT :limit",
            session=session_id,
            after=after,
            limit=_PAGE,
            **kinds,
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
