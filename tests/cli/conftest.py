"""Runs the command line in this process, or as a process of its own, at a terminal too, on scripted replies."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agentx.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The last line of stdout; NaN is no JSON."""
        return json.loads(self.out.splitlines()[-1], parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


@pytest.fixture(autouse=True)
def strategy(own_folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replies below are written for this one."""
    monkeypatch.setenv("AGENTX_STRATEGY", "react")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.chdir(workspace)

    def run(*argv: str) -> Ran:
        capsys.readouterr()
        code = main(list(argv))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "\x1b" not in captured.out + captured.err
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    """A value for --model: the model says these replies."""

    def write(*replies: str) -> str:
        path = tmp_path / "replies.json"
        path.write_text(json.dumps(replies))
        return f"scripted:{path}"

    return write


def calls(*lines: str) -> str:
    """A reply that calls tools."""
    return "# I look at this first.\n" + "\n".join(lines) + "\n->"


def answer(text: str) -> str:
    """A reply that answers."""
    return f"# I know the answer.\nAnswer: {text}"


COMMAND = [sys.executable, "-c", "import sys; from agentx.cli import main; sys.exit(main())"]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


def process(
    *argv: str, stdin: Any = subprocess.DEVNULL, env: dict[str, str] | None = None, timeout: float = 60, **more: Any
) -> Ran:
    """As a process of its own, without a terminal."""
    if isinstance(stdin, str):
        more["input"] = stdin
    else:
        more["stdin"] = stdin
    done = subprocess.run(
        [*COMMAND, *argv], capture_output=True, text=True, env=environment(**(env or {})), timeout=timeout, **more
    )
    assert "Traceback" not in done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[[str, str], dict[str, str]]:
    """Installs a module of tools in a folder; returns the environment in which a process finds it."""

    def install(source: str, *names: str) -> dict[str, str]:
        site = tmp_path / "site"
        info = site / "strange_tools-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "strange_tools.py").write_text(source)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-tools\nVersion: 1.0\n")
        entries = "\n".join(f"{name} = strange_tools:{name}" for name in names)
        (info / "entry_points.txt").write_text(f"[agentx.tools]\n{entries}\n")
        return {"PYTHONPATH": str(site)}

    return install


UNREAD_S = 0.6  # and more than a question that was just written is left unanswered


class Terminal:
    """A process whose stdin, stdout and stderr are one terminal."""

    def __init__(self, *argv: str, **env: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(TERM="xterm", **env),
            start_new_session=True,
            close_fds=True,
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, timeout_s: float = 60) -> str:
        """What came up to and with this text; what comes later is for the next call."""
        end = time.monotonic() + timeout_s
        while text not in self.seen:
            ready = select.select([self._master], [], [], max(0, end - time.monotonic()))[0]
            try:
                piece = os.read(self._master, 65536) if ready else b""
            except OSError:
                piece = b""
            assert piece, f"{text!r} did not come; seen was:\n{self.seen}"
            self.seen += piece.decode(errors="replace")
        head, _, self.seen = self.seen.partition(text)
        return head + text

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def reply(self, text: str) -> None:
        """Answers a question that was there long enough to be read."""
        time.sleep(UNREAD_S)
        self.type(text)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        try:
            code = self.process.wait(20)
            while select.select([self._master], [], [], 0)[0]:
                try:
                    if not (piece := os.read(self._master, 65536)):
                        break
                except OSError:
                    break
                self.seen += piece.decode(errors="replace")
            assert "Traceback" not in self.seen
            return code
        finally:
            self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


@pytest.fixture
def terminal() -> Iterator[type[Terminal]]:
    made: list[Terminal] = []

    class Recorded(Terminal):
        def __init__(self, *argv: str, **env: str) -> None:
            super().__init__(*argv, **env)
            made.append(self)

    yield Recorded
    for item in made:
        item.close()
