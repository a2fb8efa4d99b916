"""`python -m benchmarks.own_tools`: tasks over tools as users write them, with and without the tool `python` beside.

Each task gets a fresh world, an empty folder or one with files of no concern, every approval and 20 steps. A task is
solved where the run ended well, the answer is right and the world is as it should be; a stray is a change of a task
that asks for none.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from agentx import Agent, plugins
from agentx.errors import AgentXError
from agentx.memory_journal import MemoryJournal
from benchmarks.own_tools.tasks import TASKS, Task
from benchmarks.own_tools.worlds import WORLDS
from benchmarks.tasks.workspace import lay_out

FILES = {
    "garden.md": "# Garden\n\n- cut the hedge in March\n- sow beans after 10 May\n",
    "runs.csv": "day,km,minutes\n1,5.2,31\n4,8.0,47\n9,6.4,36\n",
    "src/area.py": "import math\n\n\ndef area(radius):\n    return math.pi * radius**2\n",
}
"""What lies in the folder with `--files`: nothing that a task is about."""


def solve(task: Task, options: argparse.Namespace) -> tuple[bool, bool, float]:
    """Runs a task: whether it was solved, whether it strayed, and the seconds it took."""
    make, tools = WORLDS[task.world]
    state = make()
    beside = [plugins.load("agentx.tools", "python")] if options.python else []
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), FILES if options.files else {})
        agent = Agent(
            options.model, [*tools(state), *beside], workspace=folder, allow=["all"], strategy=options.strategy,
            journal=MemoryJournal(),
        )  # fmt: skip
        started = time.perf_counter()
        result = agent.run_sync(task.text)
        seconds = time.perf_counter() - started
    solved = result.status == "ok" and task.is_right(str(result.output), state)
    stray = task.change is None and not task.is_as_wanted(state)
    told = f"{'ok' if solved else 'miss':4} {'stray ' if stray else ''}{seconds:.1f} s  {task.text}"
    print(told, result.output or result.error)
    if not solved:
        for call in result.calls:
            print(f"       {str(call)[:300]}")
    return solved, stray, seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.own_tools", description=__doc__)
    parser.add_argument("--model", help="a catalogued name or a GGUF file (default: the default model)")
    parser.add_argument("--strategy", default="auto")
    parser.add_argument("--python", action="store_true", help="the tool `python` beside the world's own")
    parser.add_argument("--files", action="store_true", help="files in the folder that no task is about")
    parser.add_argument("--only", nargs="+", choices=WORLDS, metavar="WORLD", default=list(WORLDS))
    options = parser.parse_args()
    ended = [solve(task, options) for task in TASKS if task.world in options.only]
    solved, strays, seconds = zip(*ended, strict=True)
    print(
        f"solved {sum(solved)} of {len(ended)}; strays {sum(strays)}; median {statistics.median(seconds):.1f} s a task"
    )


if __name__ == "__main__":
    try:
        main()
    except AgentXError as error:
        raise SystemExit(str(error)) from None
