"""KV states on disk: what the model made of a prompt's beginning, so that another process need not read it again.

A state is worth something only to the same weights, build of llama.cpp, context and tokens: all of them are the key,
whose digest is the file's name. A file that is damaged or belongs to another key is deleted without a word, and
written anew after the prompt was read; the folder is kept under a cap by deleting what was not used for longest.
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx import folders
from agentx.decoding import sealed
from agentx.errors import ConfigError

DEFAULT_CAP_BYTES = 2 << 30
CAP_VARIABLE = "AGENTX_KV_CACHE_BYTES"
SNAPSHOT, VOCABULARY = ".kv", ".vocab"
_SPARE_BYTES = 50_000_000
"""What the disk keeps for others."""
_STALE_S = 3600.0
"""Age of a temporary file that no process can still be writing."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Where snapshots of a model lie.

    Attributes:
        folder: one folder for all models.
        identity: tells the weights from others, such as their SHA-256.
        name: the model's name, for a person who looks at the list.
        cap_bytes: what all files in the folder may take together.
    """

    folder: Path
    identity: str
    name: str
    cap_bytes: int = DEFAULT_CAP_BYTES


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the folder, as it says of itself; `model` is empty where it is no file of ours."""

    path: Path
    kind: str
    model: str
    tokens: int
    bytes: int
    last_use: float


class SnapshotStore:
    """The snapshots of one loaded model. Safe to use from several threads and processes at once.

    Args:
        place: where they lie.
        origin: what a state depends on beside weights and tokens: build, context, KV format, adapter.
    """

    def __init__(self, place: Snapshots, origin: Mapping[str, Any]) -> None:
        self._place = place
        self._origin = {"model": place.identity, **origin}
        self.cap_bytes = place.cap_bytes

    def under(self, adapter: str) -> "SnapshotStore":
        """The snapshots of the same model under an adapter, which are no use to it without one."""
        return SnapshotStore(self._place, {**self._origin, "adapter": adapter}) if adapter else self

    def path(self, tokens: Sequence[int]) -> Path:
        """The file that holds, or would hold, the state after these tokens."""
        return self._place.folder / f"{digest(self._key(tokens))}{SNAPSHOT}"

    def load(self, tokens: Sequence[int]) -> memoryview | None:
        """The state after these tokens; None if there is none. A file that is not what it should be is deleted."""
        path = self.path(tokens)
        try:
            state = sealed.read(path, self._header(tokens))
            if state is not None:
                os.utime(path)
        except OSError:
            return None
        if state is None:
            self.discard(tokens)
        return state

    def save(self, tokens: Sequence[int], state: memoryview) -> bool:
        """Writes a state; False, and nothing left behind, where the disk or the cap has no room for it."""
        path, folder = self.path(tokens), self._place.folder
        if state.nbytes > self.cap_bytes:
            return False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < state.nbytes + _SPARE_BYTES:
                return False
            sealed.write(path, self._header(tokens), state)
            trim(folder, self.cap_bytes, keep=path)
        except OSError:
            return False
        return True

    def discard(self, tokens: Sequence[int]) -> None:
        with contextlib.suppress(OSError):
            self.path(tokens).unlink(missing_ok=True)

    def _key(self, tokens: Sequence[int]) -> dict[str, Any]:
        ids = hashlib.blake2b(array("q", tokens).tobytes(), digest_size=16).hexdigest()
        return {**self._origin, "tokens": len(tokens), "token_digest": ids}

    def _header(self, tokens: Sequence[int]) -> dict[str, Any]:
        return {"name": self._place.name, **self._key(tokens)}


def folder() -> Path:
    """Where `agentx` keeps them."""
    return folders.cache_dir() / "kv"


def cap_from_environment() -> int:
    """The cap in bytes; 0 keeps nothing on disk.

    Raises:
        ConfigError: the variable is no number.
    """
    text = os.environ.get(CAP_VARIABLE, "").strip()
    if not text:
        return DEFAULT_CAP_BYTES
    if not text.isascii() or not text.isdigit():
        raise ConfigError(f"{CAP_VARIABLE} is `{text[:50]}`; it must be a number of bytes (0 keeps no snapshots).")
    return int(text)


def digest(key: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(key, sort_keys=True).encode(), digest_size=16).hexdigest()


def file_identity(path: Path) -> str:
    """Tells a file from others without reading all of it: its size, time, and a digest of both ends.

    Raises:
        OSError: the file cannot be read.
    """
    stat = path.stat()
    ends = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        ends.update(file.read(1 << 20))
        file.seek(max(stat.st_size - (1 << 20), 0))
        ends.update(file.read(1 << 20))
    return f"{stat.st_size}-{stat.st_mtime_ns}-{ends.hexdigest()}"


def listing(folder: Path) -> list[Entry]:
    """The files of the folder, the latest used first; what a writer left behind too."""
    found: list[Entry] = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            # Another process may delete it at any time.
            with contextlib.suppress(OSError):
                kind = "temporary" if path.name.startswith(sealed.TEMPORARY) else path.suffix
                if kind in (SNAPSHOT, VOCABULARY, "temporary") and path.is_file():
                    found.append(_entry(path, kind))
    return sorted(found, key=lambda entry: entry.last_use, reverse=True)


def trim(folder: Path, cap_bytes: int, keep: Path | None = None) -> None:
    """Deletes what was not used for longest until the rest fits the cap, and what killed writers left behind."""
    entries = listing(folder)
    total = sum(entry.bytes for entry in entries)
    for entry in reversed(entries):
        writing = entry.kind == "temporary" and time.time() - entry.last_use < _STALE_S
        if writing or entry.path == keep or (total <= cap_bytes and entry.kind != "temporary"):
            continue
        total -= entry.bytes
        with contextlib.suppress(OSError):
            entry.path.unlink(missing_ok=True)


def clear(folder: Path) -> list[Entry]:
    """Deletes all files of the folder that are ours; returns them.

    Raises:
        OSError: one cannot be deleted.
    """
    gone = listing(folder)
    for entry in gone:
        entry.path.unlink(missing_ok=True)
    return gone


def _entry(path: Path, kind: str) -> Entry:
    stat = path.stat()
    header = (sealed.read_header(path) if kind != "temporary" else None) or {}
    name, tokens = header.get("name"), header.get("tokens")
    return Entry(
        path,
        kind,
        name if isinstance(name, str) else "",
        tokens if isinstance(tokens, int) else 0,
        stat.st_size,
        stat.st_mtime,
    )
