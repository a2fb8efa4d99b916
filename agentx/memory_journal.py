"""A journal that ends with the process: events are kept as they are, and nothing is written."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentx.errors import UsageError
from agentx.events import Event, StepStarted
from agentx.journal import SessionRow, new_id, unknown_session


class MemoryJournal:
    """The event log of runs that nobody will look up later; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, SessionRow] = {}
        self._events: dict[str, list[Event]] = {}

    def create_session(self, *, workspace: Path | str, model: str, task: str, session_id: str | None = None) -> str:
        """Begins a session and returns its id.

        Raises:
            UsageError: `session_id` was given and is taken.
        """
        now = datetime.now(UTC)
        with self._lock:
            name = session_id or new_id(now)
            while name in self._rows:
                if session_id:
                    raise UsageError(f"There is a session `{session_id}` already; choose another id.")
                name = new_id(now)
            self._rows[name] = SessionRow(name, now.isoformat(), str(workspace), model, task, "running", 0)
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
            self._rows[session_id] = replace(self._rows[session_id], status=status)

    def sessions(self, limit: int = 50) -> list[SessionRow]:
        """The latest sessions, newest first."""
        return [self.session(name) for name in list(reversed(self._rows))[:limit]]

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

    def _events_of(self, session_id: str) -> list[Event]:
        if session_id not in self._events:
            raise unknown_session(session_id)
        return self._events[session_id]
