"""The folder that a run of training writes: never one that holds other things, and one that it can go on in."""

import contextlib
import errno
import json
import os
import re
import shutil
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from agentx.cli.text import one_line
from agentx.errors import AgentXError, StorageError, UsageError
from agentx_learn.tuning.shortage import memory_told

STATE = "tuning.json"
CHECKPOINTS = "checkpoints"
_LOCK = ".lock"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors that name no file, of whatever was being written."""
_LITTLE_BYTES = 100_000_000


class OutFolder:
    """Made when it is entered, and held against other processes until it is left.

    Args:
        path: of the folder.
        command: name of the verb, as in `agentx tune NAME`.
        request: what decides the result (hashes of the data, parameters, seed) as JSON values: a run is gone on
            with by the same request only.
        resume: whether to go on with the run that wrote it.

    Attributes:
        path: the folder; results are written beside what is in it.
    """

    def __init__(self, path: Path, command: str, request: Mapping[str, Any], *, resume: bool = False) -> None:
        self.path = path.expanduser().absolute()
        self._command = command
        self._request: dict[str, Any] = json.loads(json.dumps(request))
        self._resume = resume

    @contextlib.contextmanager
    def held(self) -> Generator["OutFolder"]:
        """Makes and holds the folder.

        Raises:
            UsageError: it holds other things, or no run that could be gone on with.
            StorageError: it cannot be written, or another process writes it.
            ModelError: there is no memory for what is done while it is held.
        """
        from filelock import FileLock, Timeout

        self.check()
        lock = FileLock(self.path / _LOCK, timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise StorageError(
                f"Another process trains into {self.path}; wait for it, or name another --out."
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            # Another process may have trained into it since.
            self.check()
            self._begin()
            with memory_told():
                yield self
        except AgentXError:
            raise
        except Exception as error:
            if not self._is_of_folder(error):
                raise
            raise self._unwritable(error) from error
        finally:
            lock.release()
        with contextlib.suppress(OSError):
            (self.path / _LOCK).unlink()

    def check(self) -> None:
        """Raises UsageError as `held` does, or StorageError where it cannot be read, and writes nothing."""
        try:
            self._check()
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be read ({error.strerror or error}); name another --out."
            ) from error

    def is_finished(self) -> bool:
        """Whether the result of the same request stands there."""
        state = self._read()
        return state is not None and bool(state.get("finished")) and not self._differing(state)

    def _check(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file; name a folder for --out.")
        if not self._resume:
            if self.path.is_dir() and not self._is_free():
                holds = "an unfinished run: --resume goes on with it" if self._unfinished() else "not empty"
                raise UsageError(f"The folder {self.path} is {holds}; or name another --out.")
            return
        state = self._read()
        if state is None:
            raise UsageError(f"{self.path} holds no run to go on with; leave out --resume.")
        if state.get("finished"):
            raise UsageError(f"The run in {self.path} is finished; there is nothing to go on with.")
        if differing := self._differing(state):
            told = "; ".join(differing[:4])
            other = "leave out --resume" if self._is_free() else "another --out"
            raise UsageError(f"The run in {self.path} began with other values ({told}); give the same, or {other}.")

    def _differing(self, state: Mapping[str, Any]) -> list[str]:
        """Each value that the request of a state has otherwise."""
        before = {"command": state.get("command"), **state.get("request", {})}
        now = {"command": self._command, **self._request}
        return [
            f"{key} was {_short(before.get(key))}, is {_short(now.get(key))}"
            for key in {**before, **now}
            if before.get(key) != now.get(key)
        ]

    @property
    def checkpoints(self) -> Path:
        return self.path / CHECKPOINTS

    def latest_checkpoint(self) -> Path | None:
        """The newest that is whole."""
        return max(filter(_is_whole, self._checkpoints()), key=_step, default=None)

    def finish(self, *, keep_checkpoints: bool = False) -> None:
        """The results stand: drops the checkpoints."""
        if not keep_checkpoints:
            shutil.rmtree(self.checkpoints, ignore_errors=True)
        self._write(finished=True)

    def _checkpoints(self) -> list[Path]:
        return [path for path in self.checkpoints.glob("checkpoint-*") if _CHECKPOINT.fullmatch(path.name)]

    def _begin(self) -> None:
        """Drops what is of no use to this run: all that is free to be taken, and checkpoints that are broken."""
        if not self._resume:
            shutil.rmtree(self.checkpoints, ignore_errors=True)
        self._write(finished=False)
        self.checkpoints.mkdir(exist_ok=True)
        for path in self._checkpoints():
            if not _is_whole(path):
                shutil.rmtree(path, ignore_errors=True)

    def _is_free(self) -> bool:
        """Whether the folder holds nothing but what a run has left that ended before its first checkpoint."""
        names = {path.name for path in self.path.iterdir()} - {_LOCK}
        if not names:
            return True
        ours = names <= {CHECKPOINTS, STATE, f"{STATE}.new"}
        return ours and self._unfinished() and self.latest_checkpoint() is None

    def _is_of_folder(self, error: Exception) -> bool:
        """Whether this folder or its disk failed, and not something else that was read or written meanwhile."""
        if not isinstance(error, OSError):
            # torch and safetensors raise their own where a disk is full.
            told = f"{type(error).__name__} {error}".lower()
            return ("serializ" in told or "writ" in told) and shutil.disk_usage(self.path).free < _LITTLE_BYTES
        if error.filename is None or isinstance(error.filename, int):
            return error.errno in _DISK
        return Path(os.fsdecode(error.filename)).is_relative_to(self.path)

    def _unwritable(self, error: Exception) -> StorageError:
        why = (error.strerror or error) if isinstance(error, OSError) else "its disk is full"
        other = "and go on by --resume" if self.latest_checkpoint() else "or name another --out"
        return StorageError(f"{self.path} cannot be written ({why}); free space, {other}.")

    def _unfinished(self) -> bool:
        state = self._read()
        return state is not None and not state.get("finished")

    def _read(self) -> dict[str, Any] | None:
        try:
            state = json.loads((self.path / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def _write(self, *, finished: bool) -> None:
        state = {"command": self._command, "finished": finished, "request": self._request}
        temporary = self.path / f"{STATE}.new"
        # In JSON the escape of a lone surrogate, as a file's name may have it, is the surrogate again.
        text = json.dumps(state, indent=1, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        temporary.replace(self.path / STATE)


def kept_in(folder: Path, command: str) -> Path:
    """Where a run of a verb keeps what it has read of a source that grows, until it is finished."""
    return folder.expanduser() / CHECKPOINTS / f"kept-{command}.jsonl"


def write_private(text: str, path: Path) -> None:
    """Writes a file of ASCII that its owner alone may read: it is there whole, or as it was."""
    temporary = path.with_name(f"{path.name}.new")
    # One that a run has left which was killed may be readable by all.
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    temporary.replace(path)


def drop_unfinished(path: Path) -> None:
    """Removes what a run that broke off has left in a folder that is nobody's but ours.

    Raises:
        StorageError: another process writes it, or it cannot be removed.
    """
    from filelock import FileLock, Timeout

    if not path.exists():
        return
    try:
        with FileLock(path / _LOCK, timeout=0):
            shutil.rmtree(path)
    except Timeout:
        raise StorageError(f"Another process trains into {path}; wait for it.") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be removed ({error.strerror or error}); remove it by hand.") from error


def _is_whole(checkpoint: Path) -> bool:
    """Not so where a process was killed while it wrote: the state is written last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _step(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _short(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), 40)
