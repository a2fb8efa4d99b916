"""What a tool keeps from call to call of one session: bytes that the tool alone understands.

Each is kept under the call that left it. So a session that was rewound, forked or resumed finds what the last call left
that counts in it, and a session that works for another's task finds nothing. Only the newest few are there.
"""

import hashlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agentx import folders

if TYPE_CHECKING:
    from agentx.provenance import Provenance
    from agentx.tool import Marks

MAX_STATES = 8
MAX_BYTES = 64 * 2**20
MAX_AGE_S = 30 * 24 * 3600.0
"""What is kept for a session; beyond it the oldest goes, but never the newest."""

_UNTRUSTED, _TRUSTED = b"u", b"t"
_UNFINISHED = ".unfinished"
_SWEPT_ONCE_IN = 100


class States(Protocol):
    """Where a journal keeps the states of its sessions' tools; OSError is raised by what cannot read or write."""

    def write(self, session_id: str, call_id: str, state: bytes) -> None: ...
    def newest(self, session_id: str, call_ids: Sequence[str]) -> bytes | None:
        """What the last of these calls left that left anything which is still there."""
        ...

    def drop(self, session_id: str, call_id: str) -> None: ...
    def copy(self, session_id: str, to: str) -> None: ...
    def forget(self, session_id: str) -> None: ...


class DiskStates:
    """In the user's data folder, for his eyes only: a folder a session, a file a call."""

    def write(self, session_id: str, call_id: str, state: bytes) -> None:
        """Keeps it, whole or not at all."""
        folder = _folder(session_id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # What a killed process left there is written over when the call is made once more.
        unfinished = folder / f"{_name(call_id)}{_UNFINISHED}"
        try:
            with os.fdopen(
                os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb"
            ) as file:
                file.write(state)
            unfinished.rename(folder / _name(call_id))
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _forget_old(folder)

    def newest(self, session_id: str, call_ids: Sequence[str]) -> bytes | None:
        folder = _folder(session_id)
        there = {path.name for path in _files(folder)}
        for call_id in reversed(call_ids):
            if not there:
                return None
            if (name := _name(call_id)) in there:
                return (folder / name).read_bytes()
        return None

    def drop(self, session_id: str, call_id: str) -> None:
        (_folder(session_id) / _name(call_id)).unlink(missing_ok=True)

    def copy(self, session_id: str, to: str) -> None:
        """Gives a forked session what the other has: no bytes are copied, and each may be removed without the other."""
        folder = _folder(to)
        for path in _files(_folder(session_id)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                (folder / path.name).hardlink_to(path)
            except OSError:  # not every file system has links
                with suppress(FileNotFoundError):  # it has gone meanwhile, as old ones do
                    shutil.copy2(path, folder / path.name)

    def forget(self, session_id: str) -> None:
        shutil.rmtree(_folder(session_id), ignore_errors=True)


class MemoryStates:
    """For as long as the process lives; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, bytes]] = {}

    def write(self, session_id: str, call_id: str, state: bytes) -> None:
        with self._lock:
            kept = self._kept.setdefault(session_id, {})
            kept.pop(call_id, None)
            kept[call_id] = state
            while len(kept) > MAX_STATES or (len(kept) > 1 and sum(map(len, kept.values())) > MAX_BYTES):
                del kept[next(iter(kept))]

    def newest(self, session_id: str, call_ids: Sequence[str]) -> bytes | None:
        with self._lock:
            kept = self._kept.get(session_id, {})
            return next((kept[call_id] for call_id in reversed(call_ids) if call_id in kept), None)

    def drop(self, session_id: str, call_id: str) -> None:
        with self._lock:
            self._kept.get(session_id, {}).pop(call_id, None)

    def copy(self, session_id: str, to: str) -> None:
        with self._lock:
            self._kept[to] = dict(self._kept.get(session_id, {}))

    def forget(self, session_id: str) -> None:
        with self._lock:
            self._kept.pop(session_id, None)


@dataclass(frozen=True, slots=True)
class ToolState:
    """What one call of a tool finds, and what it leaves; both carry along whether text of strangers may be in it.

    Args:
        states: where it is kept.
        earlier: the tool's calls that have ended before in the session, the last one last.
        marks: of the call.
        provenance: what the session has read.
    """

    states: States
    session_id: str
    call_id: str
    earlier: Sequence[str]
    marks: "Marks"
    provenance: "Provenance"

    def read(self) -> bytes | None:
        """What the last call left that counts and left anything; None where none did, or it is no longer there.

        Raises:
            OSError: it cannot be read.
        """
        # Of this very call, where it broke off after that and is made once more.
        self.states.drop(self.session_id, self.call_id)
        kept = self.states.newest(self.session_id, self.earlier) if self.earlier else None
        if not kept:
            return None
        if kept[:1] == _UNTRUSTED:
            self.marks.untrusted = True
        return kept[1:]

    def write(self, state: bytes) -> None:
        """Leaves it for the next call.

        Raises:
            OSError: it cannot be kept. The next call finds nothing then, rather than what was true before this one.
        """
        mark = _UNTRUSTED if self.marks.untrusted or self.provenance.tainted else _TRUSTED
        try:
            self.states.write(self.session_id, self.call_id, mark + state)
        except OSError:
            self._leave_nothing(mark)
            raise

    def _leave_nothing(self, mark: bytes) -> None:
        try:
            self.states.write(self.session_id, self.call_id, mark)  # so little may have room
        except OSError:
            for call_id in self.earlier:
                self.states.drop(self.session_id, call_id)


def _folder(session_id: str) -> Path:
    return folders.data_dir() / "states" / _name(session_id)


def _name(text: str) -> str:
    """A name of a file for an id, which may come out of a file that was imported."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix != _UNFINISHED]
    except FileNotFoundError:
        return []


def _forget_old(folder: Path) -> None:
    """Deletes the oldest beyond what is kept of a session, and now and then sessions that were left long ago."""
    with suppress(OSError):
        total = 0
        newest_first = sorted(((path, path.stat()) for path in _files(folder)), key=lambda item: -item[1].st_mtime_ns)
        for place, (path, status) in enumerate(newest_first):
            total += status.st_size
            if place and (place >= MAX_STATES or total > MAX_BYTES):
                path.unlink()
        if secrets.randbelow(_SWEPT_ONCE_IN) == 0:
            for other in folder.parent.iterdir():
                if other != folder and other.stat().st_mtime < time.time() - MAX_AGE_S:
                    shutil.rmtree(other, ignore_errors=True)
