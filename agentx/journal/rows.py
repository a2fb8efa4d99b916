"""What a journal holds: the row of a session, a place that a search has found, and which events must be on the disk."""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agentx.errors import UsageError
from agentx.events import CallFinished, CallStarted, Event, from_json

DURABLE: frozenset[type[Any]] = frozenset({CallStarted, CallFinished})
"""Events that are on the disk when `append` returns; the others may be lost with the power, never with the process."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session.

    Attributes:
        created: UTC in ISO 8601.
        status: "running" until the run has ended, also where its process was killed.
        steps: replies of the model.
        title: what a person has called it; "" if nothing.
        parent: the session that it was forked from, or that it works for; `parent_event` is the event's number there.
        ended: when it ended last, as `created`; None while it runs.
    """

    id: str
    created: str
    workspace: str
    model: str
    task: str
    status: str
    steps: int
    title: str = ""
    parent: str | None = None
    parent_event: int | None = None
    ended: str | None = None


COLUMNS = ", ".join(f"sessions.{name}" for name in SessionRow.__slots__)
"""Of the table `sessions`, as `SessionRow` has them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that has the words of a search: its session, number and kind, and the text around the words."""

    session: SessionRow
    number: int
    kind: str
    excerpt: str


def new_id(now: datetime) -> str:
    """A session's id: its time of creation, and some letters for those of the same second."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return now.strftime("%Y%m%d-%H%M%S-") + "".join(secrets.choice(alphabet) for _ in range(4))


def unknown_session(session_id: str) -> UsageError:
    return UsageError(f"There is no session `{clean(session_id)}`; `agentx sessions list` names them.")


def taken_id(session_id: str) -> UsageError:
    return UsageError(f"There is a session `{clean(session_id)}` already; choose another id.")


def stamp() -> str:
    """Now, as the journal writes it."""
    return datetime.now(UTC).isoformat()


dump = json.JSONEncoder(default=repr).encode


def decoded(body: str) -> Event | None:
    """The event of a row; None where it is damaged, or of a kind that a newer minor version has added."""
    try:
        return from_json(json.loads(body))
    except (ValueError, KeyError, TypeError):
        return None


def json_of(text: str | None) -> Any:
    """The value of a column of JSON; None where there is none, or a damaged one."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def clean(text: str) -> str:
    """Text of a command line may hold lone surrogates, and a library's may hold NUL: databases refuse them."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
