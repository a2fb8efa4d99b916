"""A journal that ends with the process: events are kept as they are, and nothing is written."""

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentx.events import Event, StepStarted
from agentx.journal.rows import SessionRow, new_id, stamp, taken_id, unknown_session
from agentx.tool_state import MemoryStates, States


class MemoryJournal:
    """The event log of runs that nobody will look up later; may be used from several threads."""

    def __init__(self) -> None:
        self.states: States = MemoryStates()
        self._lock = threading.Lock()
        self._rows: dict[str, SessionRow] = {}
        self._events: dict[str, list[Event]] = {}
        self._results: dict[str, Any] = {}

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
        """Begins a session and returns its id.

        Raises:
            UsageError: `session_id` was given and is taken.
        """
        now = datetime.now(UTC)
        with self._lock:
            name = session_id or new_id(now)
            while name in self._rows:
                if session_id:
                    raise taken_id(session_id)
                name = new_id(now)
            self._rows[name] = SessionRow(
                name, now.isoformat(), str(workspace), model, task, "running", 0, title, parent, parent_event
            )
            self._events[name] = []
        return name

    def append(self, session_id: str, event: Event) -> int:
        """Keeps an event and returns its number in the session, from 1.

        Raises:
            UsageError: no such session.
        """
        events = self._events_of(session_id)
        with self._lock:
            events.append(event)
            return len(events)

    def finish(self, session_id: str, status: str, result_json: Any) -> None:
        """Notes how a session ended; a later turn of it may end it again.

        Raises:
            UsageError: no such session.
        """
        self._events_of(session_id)
        with self._lock:
            self._rows[session_id] = replace(self._rows[session_id], status=status, ended=stamp())
            self._results[session_id] = result_json

    def reopen(self, session_id: str) -> None:
        """A session that has ended runs again; what came of it before stays readable.

        Raises:
            UsageError: no such session.
        """
        self._events_of(session_id)
        with self._lock:
            self._rows[session_id] = replace(self._rows[session_id], status="running", ended=None)

    def result(self, session_id: str) -> Any:
        """What `finish` was given last; None if it was not called yet.

        Raises:
            UsageError: no such session.
        """
        self._events_of(session_id)
        return self._results.get(session_id)

    def sessions(self, limit: int = 50, workspace: str | None = None) -> list[SessionRow]:
        """The latest sessions, newest first; those of one workspace, where one is named."""
        names = [name for name, row in reversed(self._rows.items()) if workspace in (None, row.workspace)]
        return [self.session(name) for name in names[:limit]]

    def latest(self, workspace: str | None = None) -> SessionRow | None:
        """The newest session, of one workspace where one is named; None if there is none.

        Those that work for another's task do not count.
        """
        rows = self.sessions(len(self._rows), workspace)
        return next((row for row in rows if row.parent is None or row.parent_event is not None), None)

    def helpers(self, session_id: str) -> list[SessionRow]:
        """The sessions that work for a session's tasks, oldest first; forks of it are none."""
        names = [name for name, row in self._rows.items() if row.parent == session_id and row.parent_event is None]
        return list(map(self.session, names))

    def session(self, session_id: str) -> SessionRow:
        """One session.

        Raises:
            UsageError: no such session.
        """
        steps = sum(isinstance(event, StepStarted) for event in self._events_of(session_id))
        return replace(self._rows[session_id], steps=steps)

    def events(self, session_id: str) -> list[Event]:
        """The events of a session in order.

        Raises:
            UsageError: no such session.
        """
        return list(self._events_of(session_id))

    def numbered(self, session_id: str) -> list[tuple[int, Event]]:
        """The events of a session in order, each with its number.

        Raises:
            UsageError: no such session.
        """
        return list(enumerate(self._events_of(session_id), 1))

    def last_number(self, session_id: str) -> int:
        """The number of the session's last event, 0 while there is none.

        Raises:
            UsageError: no such session.
        """
        return len(self._events_of(session_id))

    def lease(self, session_id: str) -> AbstractContextManager[None]:
        """Nothing: no other process can work on the session."""
        return nullcontext()

    def is_held(self, session_id: str) -> bool:
        return False

    def _events_of(self, session_id: str) -> list[Event]:
        if session_id not in self._events:
            raise unknown_session(session_id)
        return self._events[session_id]
