"""One connection for all threads of a process, and its transactions."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Protocol

from agentx.journal.database import Row, Run


class Connection(Protocol):
    """A connection that commits each statement, but between BEGIN and COMMIT; it raises StorageError alone."""

    def execute(self, sql: str, **values: Any) -> list[Row]: ...

    @property
    def in_transaction(self) -> bool: ...

    def close(self) -> None: ...


def no_label(label: str) -> None:
    """What is told of a migration's progress where nobody listens."""


class Transactions:
    """What all databases have in common. Subclasses say how a transaction begins and how the tables come about, and set
    what they need for that before they come here."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._lock = threading.RLock()
        self._connection = connect()
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def read(self, sql: str, **values: Any) -> list[Row]:
        with self._lock:
            return self._connection.execute(sql, **values)

    @contextmanager
    def writing(self, *, durable: bool) -> Generator[Run]:
        with self._lock:
            self._begin(durable)
            try:
                yield self._connection.execute
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk, and a connection that was lost, end the transaction by themselves.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _begin(self, durable: bool) -> None:
        raise NotImplementedError

    def _prepare(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        with self._lock:
            self._connection.close()
