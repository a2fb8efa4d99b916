"""A download that outlives its process: the bytes so far in `NAME.part`, and beside them how many parts are whole."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from agentx.errors import StorageError
from agentx.models.catalog import FileSpec
from agentx.models.digest import sha256
from agentx.models.progress import ProgressSink

_CHUNK = 1 << 20
# What the disk keeps for others; a disk filled to the last byte breaks more than a download.
_SPARE_BYTES = 50_000_000


class SourceError(Exception):
    """A source did not give the file; the text is the reason in one line. Other sources may still do."""


class PartialFile:
    """The `.part` file of one target. Only one process may hold it: the caller has the lock."""

    def __init__(self, target: Path, spec: FileSpec) -> None:
        self.target, self.spec = target, spec
        self.path = target.with_name(f"{target.name}.part")
        self._sidecar = target.with_name(f"{target.name}.part.json")
        self.work = target.parent / ".fetch"

    def resume(self, origin: str) -> tuple[int, int]:
        """Parts and bytes that are already in from this origin; what fits no whole part is cut off."""
        parts, size = self._recorded(origin)
        with storage(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.truncate(size)
        if parts == 0:
            self._record(origin, 0, 0)
        return parts, size

    def append(self, origin: str, part: int, source: IO[bytes], progress: ProgressSink) -> None:
        """Adds a part. Should that fail half-way, the file is cut back to the parts that are whole.

        Raises:
            SourceError: the source gives more bytes than the file has.
            StorageError: the disk is full, or the folder cannot be written to.
        """
        whole = self.path.stat().st_size
        done = False
        try:
            with storage(self.path), self.path.open("ab") as file:
                written = self._copy(source, file, self.spec.bytes - whole, progress)
                file.flush()
                # The sidecar must never claim bytes that a power cut could still take away.
                os.fsync(file.fileno())
            done = True
        finally:
            if not done:
                os.truncate(self.path, whole)
        self._record(origin, part, whole + written)

    def complete(self, progress: ProgressSink) -> str:
        """Checks the bytes and gives them their final name; returns their SHA-256.

        Raises:
            SourceError: they are not the pinned ones; they have been thrown away.
            StorageError: the file cannot be renamed.
        """
        with storage(self.path):
            size, actual = self.path.stat().st_size, sha256(self.path, progress)
        if size != self.spec.bytes or actual != self.spec.sha256:
            self.discard()
            raise SourceError(
                f"it gave {size} bytes with SHA-256 {actual[:12]}…, pinned are {self.spec.bytes} bytes with "
                f"{self.spec.sha256[:12]}…; thrown away"
            )
        # A process that was killed while it cleared its last scratch has left it: there is no part to fetch any more.
        shutil.rmtree(self.work, ignore_errors=True)
        with storage(self.target):
            self.path.replace(self.target)
            _sync_folder(self.target.parent)
            self._sidecar.unlink(missing_ok=True)
        return actual

    def adopt(self, file: Path) -> None:
        """Takes a whole file from the same disk in place of the parts."""
        with storage(self.path):
            self._sidecar.unlink(missing_ok=True)
            file.replace(self.path)

    def discard(self) -> None:
        with storage(self.path):
            self.path.unlink(missing_ok=True)
            self._sidecar.unlink(missing_ok=True)

    @contextmanager
    def scratch(self) -> Generator[Path]:
        """A new folder on the target's disk; what a killed process left there goes first.

        New, since a child of that process may still be writing: what it brings must not lie among ours.
        """
        with storage(self.work):
            shutil.rmtree(self.work, ignore_errors=True)
            self.work.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=self.work))
        try:
            yield folder
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def require_free(self, extra_bytes: int) -> None:
        """Raises StorageError where the disk lacks the rest of the file and `extra_bytes` of scratch space."""
        have = self.path.stat().st_size if self.path.exists() else 0
        needed = max(self.spec.bytes - have, 0) + extra_bytes + _SPARE_BYTES
        folder = next(folder for folder in self.target.parents if folder.exists())
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise StorageError(
                f"{self.spec.name} needs {needed / 1e9:.2f} GB of disk at {self.target.parent} and {free / 1e9:.2f} GB "
                "are free: make room, or set AGENTX_CACHE_DIR to a larger disk."
            )

    @staticmethod
    def _copy(source: IO[bytes], target: IO[bytes], limit: int, progress: ProgressSink) -> int:
        written = 0
        while chunk := source.read(_CHUNK):
            if written + len(chunk) > limit:
                progress.advance(-written)
                raise SourceError("it gives more bytes than the file has")
            target.write(chunk)
            written += len(chunk)
            progress.advance(len(chunk))
        return written

    def _recorded(self, origin: str) -> tuple[int, int]:
        try:
            row: dict[str, Any] = json.loads(self._sidecar.read_text(encoding="utf-8"))
            parts, size = int(row["parts"]), int(row["bytes"])
            fits = row["origin"] == origin and row["sha256"] == self.spec.sha256
            return (parts, size) if fits and 0 <= size <= self.path.stat().st_size and parts > 0 else (0, 0)
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0

    def _record(self, origin: str, parts: int, size: int) -> None:
        row = {"origin": origin, "sha256": self.spec.sha256, "parts": parts, "bytes": size}
        temporary = self._sidecar.with_name(f"{self._sidecar.name}.new")
        with storage(self._sidecar):
            temporary.write_text(json.dumps(row), encoding="utf-8")
            temporary.replace(self._sidecar)


@contextmanager
def storage(path: Path) -> Generator[None]:
    """Turns what a disk says into a StorageError: a sentence about `path`."""
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error


def disk_error(path: Path, error: OSError) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageError(
            f"The disk is full: {path} could not be written. Free some space and run the command again (what is "
            "already here is kept), or set AGENTX_CACHE_DIR to a larger disk."
        )
    reason = error.strerror or str(error)
    return StorageError(f"{path} cannot be written ({reason}): check its permissions, or set AGENTX_CACHE_DIR.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
