"""Sessions that are copied: forked at an event, written out as JSON Lines, and read in again."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

from agentx.errors import UsageError
from agentx.events import Event, Rewound
from agentx.history import as_rewound, ending
from agentx.imported import without_permissions
from agentx.journal.database import Database, Run
from agentx.journal.rows import COLUMNS, SessionRow, clean, decoded, dump, json_of, new_id, stamp, unknown_session
from agentx.redaction import redact, redact_json

FORMAT = 1
"""Of the JSON Lines; rises when a line changes its meaning."""

_PAGE = 1000
_EVENT = "INSERT INTO events (session, number, at, kind, body) VALUES (:session, :number, :at, :kind, :body)"
_NAMES = (*SessionRow.__slots__, "result")
_SESSION = (
    f"INSERT INTO sessions ({', '.join(_NAMES)}) VALUES (:{', :'.join(_NAMES)})"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)


def fork(database: Database, session_id: str, at: int | None, title: str) -> str:
    """A new session with the events up to number `at`, or all; it goes on from there. Returns its id.

    Raises:
        UsageError: no such session or event.
    """
    with database.writing(durable=True) as run:
        if not database.hold(run, session_id):
            raise unknown_session(session_id)
        [row] = run(f"SELECT {COLUMNS} FROM sessions WHERE id = :id", id=session_id)
        [(last,)] = run("SELECT COALESCE(MAX(number), 0) FROM events WHERE session = :id", id=session_id)
        number: int = last if at is None else at
        if not 1 <= number <= last:
            what = f"events 1 to {last}" if last else "no event yet"
            raise UsageError(f"The session `{session_id}` has {what}; it cannot be forked at {number}.")
        values = dict(zip(SessionRow.__slots__, row, strict=True))
        values |= _state_at(run, session_id, number)
        values |= {"parent": session_id, "parent_event": number, "created": stamp(), "title": clean(title)}
        name = _insert(run, values, None)
        run(
            "INSERT INTO events (session, number, at, kind, body)"
            " SELECT :name, number, at, kind, body FROM events WHERE session = :id AND number <= :number",
            name=name,
            id=session_id,
            number=number,
        )
    return name


def _state_at(run: Run, session_id: str, number: int) -> dict[str, Any]:
    """How a session stood after an event: it had ended if that was the last of a run, or took it back to such a one."""
    [(steps,)] = run(
        "SELECT COUNT(*) FROM events WHERE session = :id AND number <= :number AND kind = 'StepStarted'",
        id=session_id,
        number=number,
    )
    at, last = _last(run, session_id, number)
    stands = as_rewound(_last(run, session_id, last.to)[1]) if isinstance(last, Rewound) else ending(last)
    if stands is None:
        return {"steps": steps, "status": "running", "ended": None, "result": None}
    status, output = stands
    return {"steps": steps, "status": str(status), "ended": at, "result": dump(output)}


def _last(run: Run, session_id: str, number: int) -> tuple[str, Event | None]:
    """When the last event up to a number was written, and which it is; None where there is none, or it is damaged."""
    rows = run(
        "SELECT at, body FROM events WHERE session = :id AND number <= :number ORDER BY number DESC LIMIT 1",
        id=session_id,
        number=number,
    )
    return (rows[0][0], decoded(rows[0][1])) if rows else ("", None)


def _insert(run: Run, values: dict[str, Any], wished: str | None) -> str:
    """Writes a session's row under the wished id, or a new one if that is taken."""
    while True:
        name = wished or new_id(datetime.now(UTC))
        if run(_SESSION, **(values | {"id": name})):
            return name
        wished = None


def lines_of(database: Database, session_id: str) -> Iterator[str]:
    """A session as JSON Lines: an object that describes it, and one for each event; damaged ones are left out.

    Raises:
        UsageError: no such session.
    """
    rows = database.read(f"SELECT {COLUMNS}, result FROM sessions WHERE id = :id", id=session_id)
    if not rows:
        raise unknown_session(session_id)
    values = dict(zip(_NAMES, rows[0], strict=True))
    yield dump({"agentx_session": FORMAT, **values, "result": json_of(values["result"])})
    after = 0
    while rows := database.read(
        "SELECT number, at, body FROM events WHERE session = :id AND number > :after ORDER BY number LIMIT :limit",
        id=session_id,
        after=after,
        limit=_PAGE,
    ):
        for number, at, body in rows:
            if isinstance(event := json_of(body), dict):
                yield dump({"number": number, "at": at, "event": event})
        after = rows[-1][0]


def read_in(database: Database, lines: Iterable[str]) -> list[tuple[str, str]]:
    """Writes the sessions of such lines; returns for each the id that it had and the one that it has got.

    An id is kept unless it is taken. All are written, or none; what permits anything is left out (see
    `agentx.imported`).

    Raises:
        UsageError: a line is none of those: which one, and why.
    """
    named: list[tuple[str, str]] = []
    last = steps = 0
    with database.writing(durable=True) as run:
        for line_number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = _object(line)
                if "agentx_session" in row:
                    _set_steps(run, named, steps)
                    values = _session_values(row)
                    named.append((values["id"], _insert(run, values, values["id"])))
                    last = steps = 0
                    continue
                if not named:
                    raise ValueError("it comes before a line that describes a session")
                last, kind = _add(run, named[-1][1], row, last)
                steps += kind == "StepStarted"
            except (ValueError, RecursionError) as error:
                raise UsageError(
                    f"Line {line_number} is not that of a session ({error}); give what `agentx sessions export` wrote."
                ) from None
        _set_steps(run, named, steps)
    if not named:
        raise UsageError("There is no session to import; give what `agentx sessions export` wrote.")
    return named


def _set_steps(run: Run, named: list[tuple[str, str]], steps: int) -> None:
    if named:
        run("UPDATE sessions SET steps = :steps WHERE id = :id", steps=steps, id=named[-1][1])


def _object(line: str) -> dict[str, Any]:
    try:
        row: Any = json.loads(line)
    except ValueError:
        raise ValueError("it is no JSON") from None
    if not isinstance(row, dict):
        raise ValueError("it is no object")
    return cast("dict[str, Any]", row)


def _session_values(row: dict[str, Any]) -> dict[str, Any]:
    if row["agentx_session"] != FORMAT:
        raise ValueError(f"its format is {row['agentx_session']!r:.20} and not {FORMAT}, so update agentx-local")
    values: dict[str, Any] = {"steps": 0, "result": dump(row["result"]) if row.get("result") is not None else None}
    if values["result"]:
        values["result"] = redact_json(values["result"])
    for name in ("id", "created", "workspace", "model", "task", "status", "title"):
        values[name] = _text(row, name)
    for name in ("task", "title"):
        values[name] = redact(values[name])
    if not 0 < len(values["id"]) <= 200:
        raise ValueError("`id` must have 1 to 200 characters")
    values["created"] = _time(values["created"], "created")
    values["ended"] = None if row.get("ended") is None else _time(_text(row, "ended"), "ended")
    values["parent"] = None if row.get("parent") is None else _text(row, "parent")
    values["parent_event"] = None if row.get("parent_event") is None else _number(row, "parent_event")
    return values


def _add(run: Run, session_id: str, row: dict[str, Any], last: int) -> tuple[int, str]:
    event = row.get("event")
    if not isinstance(event, dict):
        raise ValueError("`event` is no object")
    kind = _text(cast("dict[str, Any]", event), "kind")
    number = _number(row, "number")
    if number <= last:
        raise ValueError(f"`number` must be above {last}")
    at = _time(_text(row, "at"), "at")
    kept = without_permissions(cast("dict[str, Any]", event))
    if kept is not None:
        run(_EVENT, session=session_id, number=number, at=at, kind=kind, body=redact_json(dump(kept)))
    return number, kind


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is no text")
    return clean(value)


def _number(row: dict[str, Any], name: str) -> int:
    value = row.get(name)
    if type(value) is not int or not 0 < value < 2**31:
        raise ValueError(f"`{name}` is no number of an event")
    return value


def _time(text: str, name: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise ValueError(f"`{name}` is no time") from None
