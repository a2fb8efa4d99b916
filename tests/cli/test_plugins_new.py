import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import process


def test_a_new_plugin_installs_passes_its_test_and_is_found(cli, tmp_path: Path) -> None:
    made = cli("plugins", "new", "word-count", "--folder", str(tmp_path / "made"))
    folder = tmp_path / "made" / "word-count"
    assert (made.code, made.out) == (0, f"{folder}\n")
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    flags = ["--no-deps", "--no-build-isolation", "--target", str(target), "-e", str(folder)]
    installed = subprocess.run([*pip, *flags], capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    # A folder that is no site folder has its .pth files unread, so the package's own place is named as well.
    env = {"PYTHONPATH": f"{target}:{folder}"}
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **env},
    )
    assert "4 passed" in tested.stdout, tested.stdout + tested.stderr
    assert "word_count" in process("tools", "list", env=env).out
    assert "agentx.tools word_count: OK" in process("plugins", "check", env=env).out
    called = process("tools", "call", "word_count", '{"text": "to be or not to be to", "limit": 2}', env=env)
    assert called.out == '{"to": 3, "be": 2}\n'


def test_what_is_there_is_not_overwritten(cli, tmp_path: Path) -> None:
    (tmp_path / "word-count").mkdir()
    ran = cli("plugins", "new", "word-count", "--folder", str(tmp_path))
    assert ran.code == 2
    assert "word-count is there already" in ran.err
    assert list((tmp_path / "word-count").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Word", "is no name for a plugin"),
        ("../x", "is no name for a plugin"),
        ("x y", "is no name for a plugin"),
        ("1x", "is no name for a plugin"),
        ("", "is no name for a plugin"),
        ("x-", "is no name for a plugin"),
        ("a" * 61, "is no name for a plugin"),
        ("class", "a name of Python's own"),
        ("json", "a name of Python's own"),
        ("calculate", "There is a tool `calculate` already"),
        ("pytest", "An installed package is named `pytest` already"),
        ("agentx", "An installed package is named `agentx` already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(cli, workspace: Path, name: str, sentence: str) -> None:
    ran = cli("plugins", "new", name)
    assert ran.code == 2
    assert sentence in ran.err
    assert list(workspace.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_sentence(cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = cli("plugins", "new", "word-count", "--folder", str(tmp_path / "file"))
    assert ran.code == 1
    assert "cannot be written" in ran.err


def test_the_list_is_of_every_group(cli) -> None:
    shown = cli("plugins", "list").out
    assert "agentx.tools" in shown
    assert "agentx.strategies" in shown
    assert "agentx_tools.calculate:calculate" in shown
