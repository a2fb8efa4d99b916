"""The app as a person runs it: `agentx` in a real terminal, driven through tmux."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.pages import answer, calls

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
START = f"{shlex.quote(sys.executable)} -c 'import sys; from agentx.cli import main; sys.exit(main())'"


class Pane:
    """One terminal of a tmux server of its own."""

    def __init__(self, folder: Path, command: str, environment: dict[str, str], width: int = 100) -> None:
        self._socket = str(folder / "tmux")
        self._tmux(
            "new-session", "-d", "-x", str(width), "-y", "32", "-c", str(folder / "work"),
            *[piece for name, value in environment.items() for piece in ("-e", f"{name}={value}")],
            f"{command}; echo \"ended with $?\"; stty -a | grep -o '.icanon'; sleep 60",
        )  # fmt: skip

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def until(self, text: str, timeout_s: float = 90) -> str:
        end = time.monotonic() + timeout_s
        while text not in (shown := self.text()):
            assert time.monotonic() < end, f"{text!r} did not come; the screen is:\n{shown}"
            time.sleep(0.1)
        return shown

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def process(self) -> int:
        """The python below the pane's shell."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        return int(subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True).stdout.split()[0])

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], capture_output=True, check=False)


EDITOR = """#!/bin/sh
echo "in the editor: $(cat "$1")"
read word
echo "$word" >> "$1"
"""


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    (tmp_path / "work").mkdir()
    editor = tmp_path / "editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    script = tmp_path / "replies.json"
    write = calls('write_file(path="notes.txt", text="one\\ntwo\\n")')
    script.write_text(json.dumps([write, answer("I wrote **notes.txt**.")]))
    kept = ("AGENTX_DATA_DIR", "AGENTX_CONFIG_DIR", "PATH", "HOME")
    environment = {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "AGENTX_MODEL": f"scripted:{script}",
        "AGENTX_STRATEGY": "react",
        "AGENTX_UI_GLYPHS": "unicode",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "LANG": "C.UTF-8",
        "VISUAL": str(editor),
    }
    made = Pane(tmp_path, START, environment)
    yield made
    made.close()


def test_a_person_types_a_task_approves_a_write_and_sees_the_result(pane: Pane, tmp_path: Path) -> None:
    pane.until("ready")
    pane.type("write one and two into notes.txt")
    pane.press("C-j")
    pane.type("please")
    pane.press("Enter")
    shown = pane.until("Allow write_file?")
    assert "please" in shown and "· please" not in shown
    assert "+ two" in pane.text()
    assert not (tmp_path / "work" / "notes.txt").exists()
    time.sleep(0.6)
    pane.press("M-y")
    shown = pane.until("I wrote notes.txt.")
    assert "Wrote notes.txt" in shown
    assert (tmp_path / "work" / "notes.txt").read_text() == "one\ntwo\n"
    pane.press("C-q")
    shown = pane.until("ended with 0")
    assert "Traceback" not in shown
    assert "-icanon" not in pane.until("icanon")


def test_the_editor_has_the_terminal_and_the_screen_comes_back_with_what_was_written(pane: Pane) -> None:
    pane.until("ready")
    pane.type("some words")
    pane.press("C-g")
    shown = pane.until("in the editor: some words")
    assert "ready" not in shown
    pane.type("and more")
    pane.press("Enter")
    shown = pane.until("ready")
    assert "some words" in shown and "and more" in shown and "in the editor" not in shown
    pane.press("C-q")
    pane.until("ended with 0")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_gives_the_terminal_back(pane: Pane, number: signal.Signals) -> None:
    pane.until("ready")
    os.kill(pane.process(), number)
    shown = pane.until("icanon")
    assert "ended with" in shown and "-icanon" not in shown and "Traceback" not in shown
