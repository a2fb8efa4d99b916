"""Sessions that go: one that is removed, and those that are older than they are to be kept."""

from datetime import UTC, datetime, timedelta

from agentx.errors import UsageError
from agentx.journal.database import Database
from agentx.journal.lease import in_use
from agentx.journal.rows import unknown_session


def remove(database: Database, session_id: str) -> list[str]:
    """Deletes a session with all its events, and those that work for its tasks; returns their ids, its own first.

    Raises:
        UsageError: no such session, or a living process works on it or on one of the others.
    """
    with database.lease(session_id), database.writing(durable=True) as run:
        if not database.hold(run, session_id):
            raise unknown_session(session_id)
        names = [session_id]
        for name in names:
            found = run("SELECT id FROM sessions WHERE parent = :id AND parent_event IS NULL", id=name)
            names += [helper for (helper,) in found if helper not in names]
        # Nobody takes one of them up without the lease of the first, but by its name.
        if held := next(filter(database.is_held, names[1:]), None):
            raise in_use(held)
        for name in names:
            for statement in (
                "DELETE FROM texts WHERE session = :id",
                "DELETE FROM events WHERE session = :id",
                "DELETE FROM sessions WHERE id = :id",
            ):
                run(statement, id=name)
    return names


def purge(database: Database, keep_days: float, limit: int | None) -> list[str]:
    """Deletes the sessions in which nothing has happened for so long, at most `limit`, with those that work for them;
    returns the ids of all.

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
            gone += remove(database, session_id)
        except UsageError:  # it is worked on, or went with the one that it worked for
            continue
    return gone
