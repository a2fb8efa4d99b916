"""Compares what is on the screen with what was committed; `UPDATE_SNAPSHOTS=1` writes it instead."""

import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def check(name: str, text: str) -> None:
    """Fails where the screen is another than `snapshots/NAME.txt`, but for the memory that it says it takes."""
    shown = "\n".join(_without_ram(line) for line in text.split("\n"))
    path = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert path.exists(), f"there is no snapshot {path.name}; UPDATE_SNAPSHOTS=1 writes it"
    assert shown == path.read_text(encoding="utf-8")


def _without_ram(line: str) -> str:
    return re.sub(r" +", " ", re.sub(r"RAM [\d.]+[MG]", "RAM", line)) if "RAM" in line else line
