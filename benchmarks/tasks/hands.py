"""What a reference solution works with: the acts of the bundled tools, one call each, counted."""

import csv
import io
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from benchmarks.tasks.workspace import snapshot


class Hands:
    """Acts on a laid-out task as the tools would.

    Attributes:
        calls: acts so far, each of which costs an agent one tool call (a program may do several at once).
        sources: files, pages and memory that were read.
        remembered: texts added to the memory.
    """

    def __init__(self, workspace: Path, notes: tuple[str, ...] = (), base: str = "") -> None:
        self.calls = 0
        self.sources: set[str] = set()
        self.remembered: list[str] = []
        self._workspace = workspace
        self._notes = notes
        self._base = base

    def look(self, folder: str = "") -> list[str]:
        self.calls += 1
        return sorted(path for path in snapshot(self._workspace) if path.startswith(folder))

    def read(self, path: str) -> str:
        self.calls += 1
        self.sources.add(path)
        return (self._workspace / path).read_text("utf-8")

    def rows(self, path: str) -> list[dict[str, str]]:
        """Reads a CSV file."""
        return list(csv.DictReader(io.StringIO(self.read(path))))

    def write(self, path: str, text: str) -> None:
        self.calls += 1
        target = self._workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces a passage that occurs once."""
        self.calls += 1
        target = self._workspace / path
        text = target.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path}"
        target.write_text(text.replace(old, new), "utf-8")

    def calculate(self, value: float) -> float:
        """Stands for a call of the calculator; the caller has done the sum."""
        self.calls += 1
        return round(value, 6)

    def run(self, *arguments: str) -> str:
        """Runs Python with these arguments in the workspace and returns what it printed, errors included."""
        self.calls += 1
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self._workspace, env=environment, capture_output=True, timeout=20
        )
        return (done.stdout + done.stderr).decode().strip()

    def fetch(self, path: str) -> str:
        """The text of a local page, without its tags."""
        self.calls += 1
        self.sources.add(path)
        with urllib.request.urlopen(self._base + path, timeout=10) as response:
            return re.sub(r"<[^>]+>", " ", response.read().decode())

    def recall(self, word: str) -> str:
        """The first remembered text with this word."""
        self.calls += 1
        self.sources.add("memory")
        return next((note for note in self._notes if word in note), "")

    def remember(self, text: str) -> None:
        self.calls += 1
        self.remembered.append(text)
