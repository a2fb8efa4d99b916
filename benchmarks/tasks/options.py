"""What the command lines of the benchmarks share: which tasks, and where the results go."""

import argparse
import difflib
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from agentx.errors import AgentXError, UsageError
from benchmarks.tasks.fixed import FIXED
from benchmarks.tasks.task import Task

RESULTS = Path(__file__).parents[1] / "results"
SPLITS = ("dev", "held", "all", "fixed", "everyday")


def chosen(tasks: Sequence[Task], split: str, only: Sequence[str] | None) -> list[Task]:
    """The tasks of a split, or those named by id whatever their split.

    `all` are dev and held, without the everyday ones, so that its score stays comparable; `fixed` are the twelve of
    the peers.

    Raises:
        UsageError: there is no task of that id.
    """
    if split == "fixed" and not only:
        only = FIXED
    if not only:
        splits = ("dev", "held") if split == "all" else (split,)
        return [task for task in tasks if task.split in splits]
    by_id = {task.id: task for task in tasks}
    for name in only:
        if name not in by_id:
            near = difflib.get_close_matches(name, by_id, n=3) or sorted(by_id)[:3]
            raise UsageError(f"There is no task `{name}`; near it are {', '.join(near)}.")
    return [by_id[name] for name in dict.fromkeys(only)]


def add_output_options(parser: argparse.ArgumentParser, name: str) -> None:
    default = RESULTS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
    parser.add_argument("--out", type=Path, default=default, help="JSON lines file (default: a new one)")
    parser.add_argument("--resume", action="store_true", help="go on with --out: each task is run once")


def ending(action: Callable[[], Awaitable[str]]) -> int:
    """Carries out, prints what it returns, and turns each way to end into an exit code."""
    import asyncio

    async def main() -> str:
        return await action()

    try:
        print(asyncio.run(main()))
    except AgentXError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted; the results so far are kept, go on with --resume and the same --out.", file=sys.stderr)
        return 130
    return 0
