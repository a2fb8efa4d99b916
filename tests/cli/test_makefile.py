"""`make demo` and `make test` after a first try that came to nothing, and what the demo runs: with programs that are
scripts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agentx.models import catalog

MAKEFILE = Path(__file__).parents[2] / "Makefile"
PYTHON = """#!/bin/sh
if [ "$1" = -c ]; then exit {too_old}; fi
mkdir -p .venv/bin && echo {number} > .venv/bin/python
exit {fails}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    shutil.copy(MAKEFILE, tmp_path / "Makefile")
    return tmp_path


def made(place: Path, number: int, *, too_old: int = 0, fails: int = 0) -> subprocess.CompletedProcess[str]:
    """Makes the virtual environment, with a Python that is too old or has no venv."""
    (python := place / f"python{number}").write_text(PYTHON.format(too_old=too_old, number=number, fails=fails))
    python.chmod(0o755)
    return make(place, ".venv/bin/python", f"PYTHON={python}")


def make(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=place, env=env, capture_output=True, text=True, check=False)


def test_a_virtual_environment_that_was_half_made_is_made_anew(place: Path) -> None:
    first = made(place, 1, fails=1)
    assert first.returncode != 0 and "install python3-venv" in first.stderr
    assert not (place / ".venv").exists()
    assert made(place, 2).returncode == 0
    assert made(place, 3).returncode == 0
    assert (place / ".venv" / "bin" / "python").read_text() == "2\n", "what is whole stays"


def test_a_python_that_is_too_old_makes_none(place: Path) -> None:
    ran = made(place, 1, too_old=1)
    assert ran.returncode != 0 and "is not Python 3.11 or newer" in ran.stderr
    assert not (place / ".venv").exists()


def test_the_demo_is_of_the_default_model_whatever_is_set(place: Path) -> None:
    (place / "pyproject.toml").write_text("")
    (program := place / ".venv" / "bin" / "agentx").parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "agentx $*"\n')
    program.chmod(0o755)
    for made_before in (place / ".venv" / "bin" / "python", place / ".venv" / ".installed"):
        made_before.write_text("")
    shutil.copytree(MAKEFILE.parent / "examples" / "demo", place / "examples" / "demo")
    shutil.copy(MAKEFILE.parent / "examples" / "demo-task.txt", place / "examples")
    ran = make(place, "demo")
    assert ran.returncode == 0, ran.stderr
    pulled, *_, run = [line for line in ran.stdout.splitlines() if line.startswith("agentx ")]
    name = catalog.load().default.name
    assert pulled == f"agentx models pull {name}"
    assert run.startswith("agentx run Look up") and f"--model {name} --adapter none" in run
