"""The real command against a hostile world: what a failure must look like, and disks that are full."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, plugin, process, script, strategy, workspace

__all__ = ["plugin", "script", "strategy", "workspace"]

KEYS = {"status", "output", "error", "steps", "calls", "citations", "unverified", "usage", "session"}


def fails(ran: Ran, code: int, *parts: str) -> None:
    """One sentence on stderr, this exit code, and with `--json` the one object that says the same."""
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert ran.code == code, ran.err
    assert len(errors) == 1, ran.err
    for part in parts:
        assert part in errors[0]
    assert "internal error" not in errors[0]
    assert "Traceback" not in ran.out + ran.err
    if ran.out:
        assert ran.out.count("\n") == 1
        assert set(ran.object) == KEYS
        assert ran.object["status"] != "ok"
        assert f"error: {ran.object['error']}" == errors[0]


class FullDisk:
    """A folder on a disk without room, and how to start a process there.

    As root it is a file system of one megabyte; else the process may write no file beyond a few kilobytes.
    """

    def __init__(self, folder: Path, is_disk: bool) -> None:
        self.folder = folder
        self.is_disk = is_disk

    def leave(self, free_bytes: int) -> None:
        """Fills the disk up to that many bytes."""
        if self.is_disk:
            path = self.folder / "filling"
            with path.open("wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    size = path.stat().st_size
            with path.open("r+b") as file:
                file.truncate(max(size - free_bytes, 0))
        self._limit = free_bytes

    def process(self, *argv: str, **more: Any) -> Ran:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._limit, self._limit))

        return process(*argv, **more) if self.is_disk else process(*argv, preexec_fn=limit, **more)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[FullDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = _runs("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    try:
        yield FullDisk(folder, mounted)
    finally:
        if mounted:
            assert _runs("umount", str(folder))


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Makes a folder that cannot be written; root, whom permissions do not stop, gets a file system."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    mounted = _runs("mount", "-t", "tmpfs", "tmpfs", str(folder))

    def make() -> Path:
        assert not mounted or _runs("mount", "-o", "remount,ro", str(folder))
        folder.chmod(0o555) if not mounted else None
        try:
            (folder / "probe").touch()
        except OSError:
            return folder
        pytest.skip("this user can write everywhere and mount nothing")

    yield make
    if mounted:
        assert _runs("umount", str(folder))
    else:
        folder.chmod(0o755)


def _runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
