"""The SHA-256 of a file, taken once: a stamp remembers it until the file's size, time or inode changes."""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from agentx.models.progress import ProgressSink, SilentProgress

_CHUNK = 1 << 20
_WORTH_SHOWING = 50_000_000


def sha256(path: Path, progress: ProgressSink | None = None) -> str:
    """Hashes a file as a stream; the progress of a large one is shown.

    Raises:
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    sink = progress if progress is not None and size >= _WORTH_SHOWING else SilentProgress()
    digest = hashlib.sha256()
    sink.start(f"checking {path.name}", size)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                sink.advance(len(chunk))
    finally:
        sink.finish()
    return digest.hexdigest()


class Stamps:
    """Remembered hashes, in one JSON file. Lost or unreadable, it only costs another look at the bytes.

    Args:
        path: the JSON file.
        trust: whether hashes taken by an earlier process count; without it each file is read anew, once.
    """

    def __init__(self, path: Path, *, trust: bool = True) -> None:
        self._path, self._trust = path, trust
        self._taken: set[str] = set()

    def sha256(self, path: Path, progress: ProgressSink | None = None) -> str:
        """The hash of a file, read from its bytes only where no stamp fits.

        Raises:
            OSError: the file cannot be read.
        """
        key, stamp = str(path.absolute()), _stamp(path)
        known = self._read().get(key) if self._trust or key in self._taken else None
        if isinstance(known, dict) and {**known, "sha256": ""} == {**stamp, "sha256": ""}:
            return str(known["sha256"])
        digest = sha256(path, progress)
        # A file that was written to meanwhile has no hash worth remembering.
        if _stamp(path) == stamp:
            self._write(key, {**stamp, "sha256": digest})
        return digest

    def remember(self, path: Path, digest: str) -> None:
        """Takes over a hash that was just read from the file's bytes."""
        self._write(str(path.absolute()), {**_stamp(path), "sha256": digest})

    def _read(self) -> dict[str, Any]:
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return rows if isinstance(rows, dict) else {}

    def _write(self, key: str, stamp: dict[str, Any]) -> None:
        rows = {path: row for path, row in self._read().items() if path != key and Path(path).exists()}
        rows[key] = stamp
        self._taken.add(key)
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(rows, indent=1), encoding="utf-8")
            temporary.replace(self._path)
        except OSError:
            # A cache folder that cannot be written to must not stop a model from being used.
            with contextlib.suppress(OSError):
                temporary.unlink()


def _stamp(path: Path) -> dict[str, Any]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "inode": stat.st_ino}
