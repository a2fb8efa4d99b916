"""From the start of the process to the first frame, beside a blank Textual app; and the CPU of a screen at rest."""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TypeAlias

from benchmarks.tui.terminal import Terminal

BLANK = (
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Blank(App):\n    def compose(self): yield Static('blank frame')\nBlank().run()"
)
Frame: TypeAlias = tuple[float, float]
"""Seconds, and seconds of CPU time."""
OURS = "import sys; from agentx.cli import main; sys.exit(main())"


def measure(rounds: int, idle_s: float) -> dict[str, float]:
    """Medians in seconds (blank app, first text, whole screen), the ratio of the first two, CPU share at rest.

    "whole" is the ratio of the whole screen, and "whole cpu" that of the CPU time spent until then, each taken within a
    round, with the least and the most beside its median. A round before the first leaves the bytecode that a user has
    after the first start.
    """
    rows: list[tuple[Frame, Frame, Frame]] = []
    with tempfile.TemporaryDirectory() as bytecode:
        for number in range(rounds + 1):
            row = (
                _first_frame(BLANK, b"blank frame", bytecode),
                _first_frame(OURS, b"What is to be done?", bytecode),
                # The skeleton does not say this: the hints of the status bar are the whole screen's.
                _first_frame(OURS, b"F1 keys", bytecode),
            )
            if number:
                rows.append(row)
    blank, ours, whole = zip(*rows, strict=True)
    return {
        "blank s": statistics.median(wall_s for wall_s, _ in blank),
        "ours s": statistics.median(wall_s for wall_s, _ in ours),
        "whole s": statistics.median(wall_s for wall_s, _ in whole),
        "ratio": statistics.median(a / b for (a, _), (b, _) in zip(ours, blank, strict=True)),
        **_spread("whole", [a / b for (a, _), (b, _) in zip(whole, blank, strict=True)]),
        **_spread("whole cpu", [a / b for (_, a), (_, b) in zip(whole, blank, strict=True)]),
        "idle cpu": _idle(idle_s),
    }


def _spread(name: str, ratios: list[float]) -> dict[str, float]:
    return {name: statistics.median(ratios), f"{name} min": min(ratios), f"{name} max": max(ratios)}


def _open(code: str, name: str, bytecode: str = "") -> Terminal:
    (Path(name) / "replies.json").write_text(json.dumps([]))
    environment = {
        "AGENTX_DATA_DIR": name,
        "AGENTX_CONFIG_DIR": name,
        "AGENTX_MODEL": f"scripted:{name}/replies.json",
        "AGENTX_STRATEGY": "react",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": bytecode,
    }
    return Terminal([sys.executable, "-c", code], environment, name)


def _first_frame(code: str, text: bytes, bytecode: str) -> Frame:
    with tempfile.TemporaryDirectory() as name, _open(code, name, bytecode) as terminal:
        return terminal.until(text, 60) - terminal.started, terminal.cpu_s()


def _idle(seconds: float) -> float:
    with tempfile.TemporaryDirectory() as name, _open(OURS, name) as terminal:
        terminal.until(b"ready", 60)
        end = time.perf_counter() + 3
        while time.perf_counter() < end:
            terminal.read(0.2)
        before = terminal.cpu_s()
        time.sleep(seconds)
        return (terminal.cpu_s() - before) / seconds
