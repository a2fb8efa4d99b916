"""The record of one task, and the JSON lines file that holds them, so that a broken-off benchmark goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from agentx.errors import StorageError, UsageError
from agentx.messages import Usage


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run of the benchmark is defined by; records of different settings never share a file."""

    model: str
    strategy: str
    loop: str
    seed: int


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one task.

    Attributes:
        solved: done as asked and nothing besides.
        reasons: what was missing or wrong.
        strays: changes that nobody asked for.
        seconds: wall time of the run without loading the model, which is `load_seconds`.
        cause: see `agentx.messages.Cause`; results of before have left it out.
    """

    id: str
    split: str
    tags: list[str]
    settings: Settings
    solved: bool
    reasons: list[str]
    strays: list[str]
    status: str
    error: str | None
    answer: str | None
    steps: int
    calls: list[str]
    prompt_tokens: int
    reused_tokens: int
    forced_tokens: int
    sampled_tokens: int
    probe_tokens: int
    seconds: float
    load_seconds: float
    cause: str | None = None


R = TypeVar("R")


def reader(kind: type[R], settings: type[Any]) -> Callable[[dict[str, Any]], R]:
    """What reads a record of this kind, a dataclass whose field `settings` is one of these settings, from its JSON.

    It raises KeyError or TypeError if the row is no record.
    """

    def read(row: dict[str, Any]) -> R:
        names = [field.name for field in fields(cast("Any", kind)) if field.default is MISSING or field.name in row]
        values: dict[str, Any] = {name: row[name] for name in names}
        return kind(**{**values, "settings": settings(**row["settings"])})

    return read


from_json = reader(Record, Settings)


def counts(usage: Usage) -> dict[str, int]:
    """The token counts that a record has of a usage, by the names of its fields."""
    names = ("prompt_tokens", "reused_tokens", "forced_tokens", "sampled_tokens", "probe_tokens")
    return {name: getattr(usage, name) for name in names}


class ResultsFile(Generic[R]):
    """Appends records to a JSON lines file, one line each, on disk before the next task begins.

    Args:
        read: a record from its JSON; raises KeyError or TypeError where it is none. A record is a dataclass with `id`
            and `settings`.
    """

    def __init__(self, path: Path, read: Callable[[dict[str, Any]], R] = from_json) -> None:
        self.path = path
        self._from_json = read

    def open(self, settings: Any, *, resume: bool) -> list[R]:
        """The records that are there already; makes the folder.

        Raises:
            UsageError: the file has records and `resume` is False, or they are of other settings.
            StorageError: the file or its folder cannot be read or made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            records = self._read()
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be used ({error.strerror}); name another file with --out."
            ) from error
        if records and not resume:
            raise UsageError(f"{self.path} has results already; go on with --resume or name another file with --out.")
        if other := next((record.settings for record in records if record.settings != settings), None):
            raise UsageError(f"{self.path} holds results of {other}; name another file with --out.")
        return records

    def append(self, record: R) -> None:
        """Raises StorageError if the disk takes no more."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written ({error.strerror}); free some disk.") from error

    def _read(self) -> list[R]:
        if not self.path.exists():
            return []
        text = self.path.read_text("utf-8")
        if not text.endswith("\n"):
            # A kill in the middle of a line leaves half a record: its task is run again.
            text = text[: text.rfind("\n") + 1]
            self.path.write_text(text, "utf-8")
        try:
            return [self._from_json(json.loads(line)) for line in text.splitlines()]
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{self.path} is no results file of this benchmark; name another with --out.") from None


def without(records: Sequence[Any], ids: Sequence[str]) -> list[str]:
    """The ids that have no record yet."""
    done = {record.id for record in records}
    return [task_id for task_id in ids if task_id not in done]
