"""Sessions that go: one that is removed, and those that are older than they are to be kept."""

from datetime import UTC, datetime, timedelta

from agentx.errors import UsageError
from agentx.journal.database import Database
from agentx.journal.rows import unknown_session


def remove(database: Database, session_id: str) -> None:
    """Deletes a session with all its events.

    Raises:
        UsageError: no such session, or a living process works on it.
    """
    with database.lease(session_id), database.writing(durable=True) as run:
        if not database.hold(run, session_id):
            raise unknown_session(session_id)
        for statement in (
            "DELETE FROM texts WHERE session = :id",
            "DELETE FROM events WHERE session = :id",
            "DELETE FROM sessions WHERE id = :id",
        ):
            run(statement, id=session_id)


def purge(database: Database, keep_days: float, limit: int | None) -> list[str]:
    """Deletes the sessions in which nothing has happened for so long, at most `limit`; returns their ids.

    Those that a living process works on stay.
    """
    try:
        until = datetime.now(UTC) - timedelta(days=keep_days)
    except OverflowError:
        return []
    rows = database.read(
        "SELECT id FROM sessions WHERE created < :until AND"
        " COALESCE(ended, (SELECT MAX(at) FROM events WHERE session = sessions.id), created) < :until"
        " ORDER BY created LIMIT :limit",
        until=until.isoformat(),
        limit=2**31 - 1 if limit is None else limit,
    )
    gone: list[str] = []
    for (session_id,) in rows:
        try:
            remove(database, session_id)
        except UsageError:
            continue
        gone.append(session_id)
    return gone
