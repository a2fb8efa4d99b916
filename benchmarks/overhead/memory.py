"""`python -m benchmarks.overhead.memory`: resident memory over many tasks of one conversation, the journal on disk.

The loop's own memory: the model is the scripted one, whose record of its prompts is thrown away after each task. What
has to grow is the conversation's prompt, some hundred bytes a task.
"""

import argparse
import asyncio
import gc
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from agentx import Agent, Session, tool
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel

FLAT = 1.02
"""Most that a later size may be of the first."""


@tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


def replies() -> Iterator[str]:
    for number in count():
        yield f"# I add.\nadd(a={number}, b=1)\n->"
        yield "# I know it.\nAnswer: It is done."


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def sizes(tasks: int, block: int) -> Iterator[float]:
    """MiB after each block of tasks of one conversation."""
    with tempfile.TemporaryDirectory() as scratch, Journal(Path(scratch) / "sessions.sqlite3") as journal:
        model = ScriptedModel(replies())
        session = Agent(model, [add], journal=journal, workspace=scratch).session()
        for _ in range(tasks // block):
            asyncio.run(talk(session, model, block))
            gc.collect()
            yield resident_mib()


async def talk(session: Session, model: ScriptedModel, tasks: int) -> None:
    for _ in range(tasks):
        result = await session.run("Add the next number.")
        assert result.status == "ok", result.error
        model.prompts.clear()


def is_flat(found: Sequence[float]) -> bool:
    return max(found) <= found[0] * FLAT


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead.memory", description=__doc__)
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--block", type=int, default=50)
    options = parser.parse_args(arguments)
    found: list[float] = []
    for size in sizes(options.tasks, options.block):
        found.append(size)
        print(f"{len(found) * options.block} tasks: {size:.1f} MiB", flush=True)
    print(f"most / first: {max(found) / found[0]:.3f}, {'flat' if is_flat(found) else 'grows'} (at most {FLAT})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
