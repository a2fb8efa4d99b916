"""Which adapter a model runs under where none is named: one JSON file a model in the data folder, over the catalogue.

What is written there has passed a gate (`agentx tune gate`). An adapter is bound to the weights that it was measured
on and to the bytes of its own file: of one that has changed since, or is gone, a person is told, and the model runs
without it.
"""

import dataclasses
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentx import files, folders
from agentx.errors import AgentXError, ConfigError, StorageError, UsageError

NONE = "none"
"""What one names in place of an adapter to do without the default one."""

_LOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class Passed:
    """An adapter that has passed the gate.

    Attributes:
        path: of its file, absolute.
        sha256: of that file, when it passed.
        since: when it became the default, as ISO 8601 in UTC.
        figures: what the gate found, in a line.
    """

    path: str
    sha256: str
    since: str
    figures: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a model.

    Attributes:
        adapter: its default; None where it runs without one.
        problem: a sentence for a person, where there is a default that cannot be used.
    """

    adapter: Passed | None = None
    problem: str | None = None


@dataclass(slots=True)
class _Record:
    """Attributes:
    stack: the defaults that were set one after the other, the present one last; empty where the model runs alone.
    undone: those that were rolled back, in that order.
    """

    model: str = ""
    stack: list[Passed] = field(default_factory=list[Passed])
    undone: list[Passed] = field(default_factory=list[Passed])


def known(identity: str, name: str = "") -> Known:
    """The default adapter of the model whose weights have this identity, if its file is what it was.

    Args:
        identity: see `Model.identity`; empty for a model that nothing is kept about.
        name: as the model is called in the sentence about a problem.
    """
    if not identity or not path_of(identity).exists():
        return Known()
    try:
        stack = _read(identity).stack
    except StorageError as error:
        return Known(problem=f"{str(error).rstrip('.')}; until then {name or 'the model'} runs without an adapter.")
    if not stack:
        return Known()
    wrong = _wrong(stack[-1])
    if not wrong:
        return Known(stack[-1])
    again = f"agentx tune rollback {name}".rstrip()
    return Known(
        problem=f"The default adapter {stack[-1].path} {wrong}, and is left out; run the gate on it again or `{again}`."
    )


def of_model(model: str | None) -> Known:
    """As `known`, of a model as a user names it; nothing is loaded or fetched.

    Args:
        model: as `open_model` takes it; None is the default model.
    """
    # Few have an adapter, and everybody starts the program.
    if not _folder().is_dir():
        return Known()
    return known(identity_of(model), model or "")


def was_ever(model: str | None, path: str) -> bool:
    """Whether the adapter in a file is, or was, the default of a model as a user names it."""
    identity = identity_of(model)
    try:
        record = _read(identity) if identity else _Record()
    except StorageError:
        return False
    return any(each.path == path for each in (*record.stack, *record.undone))


def identity_of(model: str | None) -> str:
    """See `Model.identity`; empty for a model that is not here, or that another backend than llama.cpp runs."""
    from agentx import plugins
    from agentx.models.acquire import Store

    backend, colon, rest = (model or "").partition(":")
    if colon and not rest.startswith("//") and backend in plugins.names("agentx.models"):
        return ""
    try:
        store = Store()
        if model is None or model in store.catalog:
            return store.entry(model).files[0].sha256
        found = store.resolve(model)
        return found.identity if found else ""
    except AgentXError:
        # Of a model that cannot be had, whoever opens it tells.
        return ""


def put(identity: str, name: str, adapter: Passed) -> None:
    """Makes an adapter the default of a model; the one before it is kept for `roll_back`.

    Raises:
        StorageError: the record cannot be read or written.
    """
    with _alone(identity):
        record = _read(identity)
        record.model = name
        if record.stack and record.stack[-1].sha256 == adapter.sha256:
            record.stack[-1] = adapter
        else:
            record.stack.append(adapter)
        _write(identity, record)


def roll_back(identity: str, name: str) -> tuple[Passed, Passed | None]:
    """Puts back the default that was there before the present one; returns the present one, and the one put back.

    Raises:
        UsageError: the model has no default adapter.
        StorageError: the record cannot be read or written.
    """
    nothing = UsageError(f"There is nothing to roll back: {name} has no default adapter and runs alone.")
    if not identity or not path_of(identity).exists():
        raise nothing
    with _alone(identity):
        record = _read(identity)
        if not record.stack:
            raise nothing
        undone = record.stack.pop()
        record.undone.append(undone)
        _write(identity, record)
    return undone, record.stack[-1] if record.stack else None


def history(identity: str) -> tuple[Sequence[Passed], Sequence[Passed]]:
    """The defaults one after the other, the present one last, and those that were rolled back.

    Raises:
        StorageError: the record cannot be read.
    """
    record = _read(identity)
    return record.stack, record.undone


def path_of(identity: str) -> Path:
    return _folder() / f"{identity}.json"


def _folder() -> Path:
    return folders.data_dir() / "adapters"


@contextmanager
def _alone(identity: str) -> Generator[None]:
    """Lets one process at a time read a record and write it anew, so that none undoes what another has set.

    Raises:
        StorageError: the lock cannot be had.
    """
    from filelock import FileLock, Timeout

    path = path_of(identity).with_suffix(".lock")
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_LOCK_S)
    except Timeout:
        raise StorageError(f"Another process changes the default adapter ({path}); wait for it.") from None
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written ({error.strerror}); set AGENTX_DATA_DIR to another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _wrong(adapter: Passed) -> str:
    """What is wrong with an adapter's file; empty where its bytes are those that have passed."""
    from agentx.models.digest import sha256

    path = Path(adapter.path)
    try:
        return "" if sha256(path) == adapter.sha256 else "has changed since it passed the gate"
    except FileNotFoundError:
        return "is gone"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _read(identity: str) -> _Record:
    path = path_of(identity)
    try:
        kept: Any = json.loads(path.read_text(encoding="utf-8"))
        return _Record(
            str(kept["model"]), [Passed(**row) for row in kept["stack"]], [Passed(**row) for row in kept["undone"]]
        )
    except FileNotFoundError:
        return _Record()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StorageError(f"The record of default adapters {path} cannot be read; mend or delete it.") from error


def _write(identity: str, record: _Record) -> None:
    path = path_of(identity)
    text = json.dumps(dataclasses.asdict(record), indent=1)
    try:
        files.replace(path, text.encode())
    except ConfigError as error:
        cause = error.__cause__ or error
        raise StorageError(f"{path} cannot be written ({cause}); set AGENTX_DATA_DIR to another folder.") from error
