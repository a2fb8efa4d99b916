"""Every write, sync and open of a whole run fails once, in SQLite's manner; and the process is killed at each."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.faults import MODES, REFUSED, STORED, library

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="the faults come from a library that gcc compiles")
V1 = Path(__file__).with_name("v1.sql")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a file system: thousands of syncs are asked for, and none is needed here."""
    memory = Path("/dev/shm")
    found = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else tmp_path))
    yield found
    shutil.rmtree(found)


@pytest.mark.parametrize("start", ["new", "v1"])
@pytest.mark.parametrize("mode", MODES)
def test_a_fault_is_a_sentence_or_a_clean_resume(shim: Path, folder: Path, mode: str, start: str) -> None:
    command = [sys.executable, "-m", "tests.journal.faults", str(folder / "round"), mode]
    command += [str(V1)] if start == "v1" else []
    ran = subprocess.run(
        command, env=os.environ | {"LD_PRELOAD": str(shim)}, capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    rounds = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(rounds) > (300 if start == "new" else 50)
    assert [item for item in rounds if item["wrong"]] == []
    expected = -9 if mode.startswith("kill") else REFUSED
    # Some faults harm nothing: a half write is gone on with, a failed checkpoint is made up for later.
    assert {item["code"] for item in rounds} <= {expected, STORED}
    assert sum(item["code"] == expected for item in rounds) > (0 if mode == "half" else len(rounds) // 4)
