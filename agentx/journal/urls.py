"""A journal's database by its SQLAlchemy URL: a PostgreSQL server that several machines share, or an SQLite file."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import ConfigError, StorageError
from agentx.journal.database import Database, Row
from agentx.journal.sqlite import BUSY_TIMEOUT_S, MEMORY, SqliteDatabase, create_private, unusable

if TYPE_CHECKING:
    import sqlalchemy
    import sqlalchemy.exc


def opened(url: str) -> Database:
    """The database at a URL.

    Raises:
        ConfigError: the URL cannot be read, names another kind of database, or a library for it is missing.
        StorageError: the database cannot be used.
    """
    try:
        import sqlalchemy
        import sqlalchemy.exc
    except ModuleNotFoundError:
        raise ConfigError(
            "A journal at a URL needs SQLAlchemy; install it with `pip install 'agentx-local[postgres]'`."
        ) from None
    try:
        parsed = sqlalchemy.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise ConfigError(
            "journal_url cannot be read; give a URL such as postgresql+psycopg://user@host/database."
        ) from None
    if parsed.drivername == "postgresql":
        # The driver that the extra brings.
        parsed = parsed.set(drivername="postgresql+psycopg")
    kind = parsed.get_backend_name()
    if kind not in ("postgresql", "sqlite"):
        raise ConfigError(f"journal_url names a database of kind `{kind}`; a journal can be on postgresql or sqlite.")
    try:
        engine = sqlalchemy.create_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False} if kind == "sqlite" else {},
            # A journal holds one connection for long, and one for each lease, however many there are.
            poolclass=sqlalchemy.NullPool,
        )
    except (sqlalchemy.exc.SQLAlchemyError, ModuleNotFoundError, TypeError) as error:
        raise ConfigError(
            f"journal_url cannot be used ({error}); `pip install 'agentx-local[postgres]'` brings what it needs."
        ) from None
    if kind == "sqlite":
        return _sqlite(engine)
    from agentx.journal.postgresql import PostgresqlDatabase

    return PostgresqlDatabase(engine)


def _sqlite(engine: "sqlalchemy.Engine") -> Database:
    path = engine.url.database or MEMORY
    if path != MEMORY:
        try:
            create_private(Path(path))
        except OSError as error:
            raise unusable(path, error) from error
    return SqliteDatabase(path, lambda: EngineConnection(engine, path))


class EngineConnection:
    """One connection of an engine that commits each statement; a lost one is made anew by the next statement."""

    def __init__(self, engine: "sqlalchemy.Engine", path: str | None = None) -> None:
        self._engine = engine
        self._path = path
        self._texts: dict[str, sqlalchemy.TextClause] = {}
        self._raw: sqlalchemy.Connection | None = None
        self._in_transaction = False
        self._closed = threading.Event()

    def execute(self, sql: str, **values: Any) -> list[Row]:
        import sqlalchemy
        import sqlalchemy.exc

        if self._closed.is_set():
            raise StorageError(f"The journal {self._name} cannot be used: the journal was closed before.")
        try:
            if self._raw is None:
                self._raw = self._engine.connect()
            text = self._texts.get(sql)
            if text is None:
                text = self._texts[sql] = sqlalchemy.text(sql)
            result = self._raw.execute(text, values)
            rows = [tuple(row) for row in result] if result.returns_rows else []
        except sqlalchemy.exc.DBAPIError as error:
            self._drop_if_lost(error)
            if self._path is not None and isinstance(error.orig, Exception):
                raise unusable(self._path, error.orig) from error
            raise StorageError(_sentence(self._name, error.orig or error)) from error
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise StorageError(_sentence(self._name, error)) from error
        verb = sql.partition(" ")[0]
        if verb in ("BEGIN", "COMMIT", "ROLLBACK"):
            self._in_transaction = verb == "BEGIN"
        return rows

    @property
    def in_transaction(self) -> bool:
        if self._path is not None and self._raw is not None:
            # SQLite itself ends a transaction on some errors.
            return bool(self._raw.connection.dbapi_connection.in_transaction)  # type: ignore[union-attr]
        return self._in_transaction

    def close(self) -> None:
        self._closed.set()
        self.drop()
        self._engine.dispose()

    def drop(self) -> None:
        """Ends the connection to the server, and with it what it holds there."""
        if self._raw is not None:
            self._raw.invalidate()
            self._raw.close()
            self._raw = None

    @property
    def _name(self) -> str:
        return self._path or self._engine.url.render_as_string(hide_password=True)

    def _drop_if_lost(self, error: "sqlalchemy.exc.DBAPIError") -> None:
        if error.connection_invalidated and self._raw is not None:
            self._raw.close()
            self._raw = None
            self._in_transaction = False


def _sentence(name: str, error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"The journal {name} cannot be used ({text:.300}): check the server, or set AGENTX_JOURNAL_URL to another."
