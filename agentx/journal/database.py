"""What a journal needs of a database. Each kind is a sibling file: `sqlite` directly, `urls` by way of SQLAlchemy."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]
Run: TypeAlias = Callable[..., list[Row]]
"""Carries out one statement, whose `:name` parameters are given by keyword, and returns the rows it gives."""


class Database(Protocol):
    """A database with the journal's schema of the newest version. May be used from several threads.

    What the database raises comes out as StorageError, one sentence.
    """

    in_memory: bool
    """Whether it ends with the process."""

    search_sql: str
    """Finds `:words`, written by `words_of`, in the texts of `:workspace`, "" for all: the columns of a session, then
    the event's number, kind and text; at most `:limit`, the best first."""

    def words_of(self, words: list[str]) -> str:
        """What searches for all of these words, the last of which may go on."""
        ...

    def read(self, sql: str, **values: Any) -> list[Row]: ...

    def writing(self, *, durable: bool) -> AbstractContextManager[Run]:
        """One transaction, alone in writing where the database knows one writer only.

        Args:
            durable: it is on the disk when the context ends; otherwise it may be lost with the power.
        """
        ...

    def hold(self, run: Run, session_id: str) -> bool:
        """In a transaction: nobody else writes to that session until its end. False if there is no such session."""
        ...

    def lease(self, session_id: str) -> AbstractContextManager[None]:
        """That a living process works on the session; raises UsageError if another does."""
        ...

    def is_held(self, session_id: str) -> bool:
        """Whether a living process works on the session."""
        ...

    def compact(self) -> None:
        """After sessions were deleted: leaves nothing of them in the files, where these are of this machine."""
        ...

    def close(self) -> None: ...
