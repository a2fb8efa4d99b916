"""`python -m benchmarks.tui.beside`: what a visible screen costs the decoder, with two decoder threads and with one.

Each round does the same tasks in four fresh processes by turns: without the screen and with it, two threads and one.
What counts is the ratio within a round, so that what else the machine does strikes both sides.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.tui.beside_child import TASKS
from benchmarks.tui.terminal import Terminal

LEAST_RATIO = 0.90
"""Of tokens a second with the screen to those without, for the threads that are kept."""
LIMIT_S = 1_800
"""For one process, which loads the model and does all tasks."""


def measure(model: str, rounds: int, tasks: int, threads: tuple[int, ...] = (2, 1)) -> dict[str, float]:
    """Medians over the rounds: tokens a second, the ratio screen / headless, lag p95 in ms and CPU of the screen."""
    speeds: dict[str, list[float]] = {}
    for number in range(rounds):
        kinds = [(how, count) for count in threads for how in ("headless", "screen")]
        for how, count in kinds if number % 2 == 0 else reversed(kinds):
            told = _child(how, model, count, tasks)
            name = f"{how} {count}"
            speeds.setdefault(f"{name} tokens/s", []).append(told["tokens"] / told["decode s"])
            if how == "screen":
                lags = sorted(told["lags"])
                speeds.setdefault(f"{name} lag p95 ms", []).append(1e3 * lags[int(0.95 * len(lags))])
                speeds.setdefault(f"{name} cpu", []).append(told["screen cpu"])
        for count in threads:
            ratio = speeds[f"screen {count} tokens/s"][-1] / speeds[f"headless {count} tokens/s"][-1]
            speeds.setdefault(f"ratio {count}", []).append(ratio)
    return {name: statistics.median(values) for name, values in sorted(speeds.items())}


def _child(how: str, model: str, threads: int, tasks: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        figures = Path(name) / "figures.json"
        command = [sys.executable, "-m", "benchmarks.tui.beside_child", str(figures), how, model, str(threads)]
        environment = {"AGENTX_DATA_DIR": name, "AGENTX_CONFIG_DIR": name, "PYTHONPATH": str(Path.cwd())}
        with Terminal([*command, str(tasks)], environment, name) as terminal:
            end, seen = time.perf_counter() + LIMIT_S, b""
            # Read to the end, since what nobody reads would hold the screen up.
            while terminal.process.poll() is None and time.perf_counter() < end:
                seen = (seen + terminal.read(0.2))[-4_000:]
            if not figures.exists():
                raise SystemExit(
                    f"The {how} process came to no figures; it said last:\n{seen.decode(errors='replace')}"
                )
        return json.loads(figures.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="", help="a model's name, path or backend; the default one if left out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=2, choices=range(1, len(TASKS) + 1), help="tasks a process")
    given = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs", flush=True)
    figures = measure(given.model, given.rounds, given.tasks)
    for name, value in figures.items():
        limit = f"   (at least {LEAST_RATIO:g})" if name == "ratio 2" else ""
        print(f"  {name:<22} {value:10.3f}{limit}")
    better = max((2, 1), key=lambda count: figures[f"screen {count} tokens/s"])
    print(f"with the screen, {better} decoder thread{'s are' if better > 1 else ' is'} the faster")
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
