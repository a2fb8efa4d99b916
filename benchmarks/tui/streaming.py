"""While an answer streams: how late the screen's loop is, how soon a typed letter is seen, and what CPU that costs."""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.tui.terminal import Terminal

LETTERS = b"BCDEHIJKLNOQSTUVWXYZ"
"""None of them stands in what is streamed, nor in the bars."""
BETWEEN_S = 0.35


def measure(tokens: int, per_second: float) -> dict[str, float]:
    """Milliseconds, and CPU of the whole process (agent and screen) as a share of one core.

    `frames` are those a second, `frame ms` is the CPU time of the screen's thread for each, all else that it does
    included.
    """
    with tempfile.TemporaryDirectory() as name:
        figures = Path(name) / "lags.json"
        command = [sys.executable, "-m", "benchmarks.tui.child", str(figures), str(tokens), str(per_second)]
        environment = {"AGENTX_DATA_DIR": name, "PYTHONPATH": str(Path.cwd())}
        with Terminal(command, environment, name) as terminal:
            terminal.until(b"ready", 60)
            terminal.type(b"go\r")
            terminal.until(b"word", 30)
            cpu, started = terminal.cpu_s(), time.perf_counter()
            echoes = _type_along(terminal, started + 0.95 * tokens / per_second)
            cpu_share = (terminal.cpu_s() - cpu) / (time.perf_counter() - started)
            over = time.perf_counter() + 0.05 * tokens / per_second + 2
            while (left := over - time.perf_counter()) > 0:
                terminal.read(left)
            terminal.type(b"\x11")
            terminal.process.wait(20)
            told = json.loads(figures.read_text())
    lags = told["lags"]
    return {
        "lag p50": 1e3 * statistics.median(lags),
        "lag p95": 1e3 * _percentile(lags, 0.95),
        "lag p99": 1e3 * _percentile(lags, 0.99),
        "lag max": 1e3 * max(lags),
        "echo p50": 1e3 * statistics.median(echoes),
        "echo p99": 1e3 * _percentile(echoes, 0.99),
        "keys": len(echoes),
        "cpu": cpu_share,
        "screen cpu": told["screen cpu"],
        "frames": told["frames"],
        "frame ms": told["frame ms"],
    }


def _type_along(terminal: Terminal, end: float) -> list[float]:
    """Seconds from each letter to its echo."""
    echoes: list[float] = []
    while time.perf_counter() < end:
        for letter in LETTERS:
            typed = terminal.type(bytes([letter]))
            echoes.append(terminal.until(bytes([letter]), 10) - typed)
            due = time.perf_counter() + BETWEEN_S
            while (left := due - time.perf_counter()) > 0:
                terminal.read(left)
            if time.perf_counter() > end:
                break
        terminal.type(b"\x15")
        due = time.perf_counter() + BETWEEN_S
        while (left := due - time.perf_counter()) > 0:
            terminal.read(left)
    return echoes


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
