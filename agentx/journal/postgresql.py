"""A journal's database on a PostgreSQL server."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from agentx.errors import StorageError
from agentx.journal.database import Run
from agentx.journal.lease import in_use
from agentx.journal.rows import COLUMNS
from agentx.journal.schema import POSTGRESQL_STEPS, SCHEMA_VERSION
from agentx.journal.transactions import Transactions
from agentx.journal.urls import EngineConnection

if TYPE_CHECKING:
    import sqlalchemy

_MIGRATION = 0x6167656E7478
"""Key of the lock under which a schema is laid out."""


class PostgresqlDatabase(Transactions):
    """See `agentx.journal.database.Database`.

    A lease is an advisory lock of a connection of its own: the server frees it as soon as that connection is gone. So
    a process needs one connection more than it has leases.
    """

    in_memory = False
    search_sql = (
        f"SELECT {COLUMNS}, number, kind, text FROM texts JOIN sessions ON sessions.id = session"
        " WHERE words @@ to_tsquery('simple', :words) AND CAST(:workspace AS TEXT) IN ('', workspace)"
        " ORDER BY ts_rank(words, to_tsquery('simple', :words)) DESC, texts.id DESC LIMIT :limit"
    )

    def __init__(self, engine: "sqlalchemy.Engine") -> None:
        self._engine = engine
        super().__init__(lambda: EngineConnection(engine))

    def words_of(self, words: list[str]) -> str:
        return " & ".join(f"'{word}'" for word in words) + ":*"

    def hold(self, run: Run, session_id: str) -> bool:
        return bool(run("SELECT 1 FROM sessions WHERE id = :id FOR UPDATE", id=session_id))

    @contextmanager
    def lease(self, session_id: str) -> Generator[None]:
        holder = EngineConnection(self._engine)
        try:
            [(taken,)] = holder.execute("SELECT pg_try_advisory_lock(:key)", key=_key(session_id))
            if not taken:
                raise in_use(session_id)
            try:
                yield
            finally:
                # Where the server is gone, so is the lock.
                with suppress(StorageError):
                    holder.execute("SELECT pg_advisory_unlock(:key)", key=_key(session_id))
        finally:
            holder.drop()

    def is_held(self, session_id: str) -> bool:
        high, low = divmod(_key(session_id) % 2**64, 2**32)
        return bool(
            self.read(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
                " AND CAST(classid AS BIGINT) = :high AND CAST(objid AS BIGINT) = :low"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                high=high,
                low=low,
            )
        )

    def compact(self) -> None:
        """A server does that in its own time."""

    def _begin(self, durable: bool) -> None:
        self._connection.execute("BEGIN")
        self._connection.execute(f"SET LOCAL synchronous_commit = {'on' if durable else 'off'}")

    def _prepare(self) -> None:
        """All steps in one transaction: whoever is killed meanwhile leaves the version that was there."""
        with self.writing(durable=True) as run:
            run("SELECT pg_advisory_xact_lock(:key)", key=_MIGRATION)
            run("CREATE TABLE IF NOT EXISTS agentx_schema (version INTEGER NOT NULL)")
            rows = run("SELECT version FROM agentx_schema")
            version = rows[0][0] if rows else 0
            if version > SCHEMA_VERSION:
                raise StorageError(
                    f"The journal at this URL was written by a newer AgentX (schema {version}, this one knows "
                    f"{SCHEMA_VERSION}); update agentx-local, or set AGENTX_JOURNAL_URL to another database."
                )
            if version == SCHEMA_VERSION:
                return
            for step in POSTGRESQL_STEPS[version:]:
                for statement in step:
                    run(statement)
            run("DELETE FROM agentx_schema")
            run("INSERT INTO agentx_schema VALUES (:version)", version=SCHEMA_VERSION)


def _key(session_id: str) -> int:
    digest = hashlib.sha256(b"agentx session " + session_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
