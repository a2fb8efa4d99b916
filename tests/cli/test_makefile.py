"""`make demo` and `make test` after a first try that came to nothing: with a Python that is a script."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

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
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", ".venv/bin/python", f"PYTHON={python}"],
        cwd=place,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


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
