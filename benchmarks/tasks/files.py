"""What a file must hold after a run: exact text, a parsed value, or a program that runs."""

import csv
import io
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

_RUN_TIMEOUT_S = 20.0


class FileCheck(Protocol):
    """What one file must hold."""

    def problem(self, path: Path) -> str | None:
        """None if the file is as it should be, else what is wrong with it. The file exists."""
        ...


def same_text(text: str) -> str:
    """The text with plain line ends and exactly one newline at its end."""
    return text.replace("\r\n", "\n").rstrip("\n") + "\n"


@dataclass(frozen=True, slots=True)
class Exactly:
    """This text, but for the newline at the end; `or_else` are other texts that are as good."""

    text: str
    or_else: tuple[str, ...] = ()

    def problem(self, path: Path) -> str | None:
        found = same_text(path.read_text("utf-8"))
        good = found in {same_text(text) for text in (self.text, *self.or_else)}
        return None if good else f"{path.name} holds {found[:200]!r}"


@dataclass(frozen=True, slots=True)
class JsonValue:
    """JSON of this value; a number may be written as a string and the other way round, as from a CSV file."""

    value: Any

    def problem(self, path: Path) -> str | None:
        try:
            found = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            return f"{path.name} is not JSON: {error}"
        return None if _loose(found) == _loose(self.value) else f"{path.name} holds {str(found)[:200]}"


@dataclass(frozen=True, slots=True)
class TomlValue:
    """TOML of this value."""

    value: dict[str, Any]

    def problem(self, path: Path) -> str | None:
        try:
            found = tomllib.loads(path.read_text("utf-8"))
        except ValueError as error:
            return f"{path.name} is not TOML: {error}"
        return None if found == self.value else f"{path.name} holds {str(found)[:200]}"


@dataclass(frozen=True, slots=True)
class CsvRows:
    """CSV with these rows, the header first."""

    rows: tuple[tuple[str, ...], ...]

    def problem(self, path: Path) -> str | None:
        text = path.read_text("utf-8")
        found = tuple(tuple(cell.strip() for cell in row) for row in csv.reader(io.StringIO(text)) if row)
        return None if found == self.rows else f"{path.name} holds {found!r}"[:200]


@dataclass(frozen=True, slots=True)
class OnlyNumber:
    """Nothing but this number, with or without thousands separators."""

    value: float

    def problem(self, path: Path) -> str | None:
        text = path.read_text("utf-8").strip()
        try:
            found = float(text.replace(",", ""))
        except ValueError:
            return f"{path.name} holds {text[:200]!r}"
        return None if abs(found - self.value) < 1e-6 else f"{path.name} holds {text}"


@dataclass(frozen=True, slots=True)
class Runs:
    """A module of which this Python program, run beside it, ends without an error."""

    program: str
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def problem(self, path: Path) -> str | None:
        try:
            done = subprocess.run(
                [sys.executable, "-c", self.program],
                cwd=path.parent,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1", **self.environment},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_RUN_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return f"{path.name} runs for more than {_RUN_TIMEOUT_S:.0f} s"
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return None if done.returncode == 0 else f"{path.name}: {' '.join(last)[:200]}"


def _loose(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _loose(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_loose(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    try:
        return float(value)
    except ValueError:
        return value
