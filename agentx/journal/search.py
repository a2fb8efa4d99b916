"""Search over tasks, answers and results. Sessions are indexed when they end; a search catches up with the others."""

import dataclasses
import re

from agentx.errors import UsageError
from agentx.events import Answered, CallFinished, Event, RunStarted, Steered
from agentx.journal.database import Database, Row, Run
from agentx.journal.rows import Hit, SessionRow, clean, decoded

MAX_CHARACTERS = 100_000
"""Of a text that are indexed; of a longer one the beginning is found."""

_AROUND = 160
"""Characters of an excerpt."""

_COLUMNS = len(dataclasses.fields(SessionRow))


def search(database: Database, query: str, limit: int, workspace: str | None) -> list[Hit]:
    """The events that hold all words of the query, the last of which may be a beginning; the best first.

    Raises:
        UsageError: the query has no word.
    """
    words: list[str] = re.findall(r"\w+", clean(query))
    if not words:
        raise UsageError("There is no word to search for; name one or more.")
    _catch_up(database)
    rows = database.read(
        database.search_sql, words=database.words_of(words), limit=limit, workspace=clean(workspace or "")
    )
    return [_hit(row, words) for row in rows]


def _hit(row: Row, words: list[str]) -> Hit:
    number, kind, text = row[_COLUMNS:]
    # Not the databases' own excerpts, which are made of all texts that were found and not of the best alone.
    found = re.search("|".join(rf"\b{re.escape(word)}" for word in words), text, re.IGNORECASE)
    begin = max((found.start() if found else 0) - _AROUND // 3, 0)
    end = begin + _AROUND
    excerpt = f"{'…' if begin else ''}{text[begin:end].strip()}{'…' if end < len(text) else ''}"
    return Hit(SessionRow(*row[:_COLUMNS]), number, kind, excerpt)


def index(run: Run, session_id: str) -> None:
    """Within a transaction, makes what has come to the session since the last time findable."""
    rows = run(
        "SELECT number, body FROM events WHERE session = :id AND number > (SELECT indexed FROM sessions WHERE id = :id)"
        " AND kind IN ('RunStarted', 'Steered', 'Answered', 'CallFinished') ORDER BY number",
        id=session_id,
    )
    for number, body in rows:
        if (event := decoded(body)) and (found := _text_of(event)):
            kind, text = found
            run(
                "INSERT INTO texts (session, number, kind, text) VALUES (:session, :number, :kind, :text)",
                session=session_id,
                number=number,
                kind=kind,
                text=clean(text[:MAX_CHARACTERS]),
            )
    run(
        "UPDATE sessions SET indexed = COALESCE((SELECT MAX(number) FROM events WHERE session = :id), 0)"
        " WHERE id = :id",
        id=session_id,
    )


def _text_of(event: Event) -> tuple[str, str] | None:
    match event:
        case RunStarted():
            return "task", event.task
        case Steered():
            return "task", event.text
        case Answered():
            return "answer", event.text
        case CallFinished():
            return "result", event.result.full_text or event.result.text
        case _:
            return None


def _catch_up(database: Database) -> None:
    behind = database.read(
        "SELECT id FROM sessions WHERE indexed < (SELECT MAX(number) FROM events WHERE session = sessions.id)"
    )
    for (session_id,) in behind:
        with database.writing(durable=False) as run:
            if database.hold(run, session_id):
                index(run, session_id)
