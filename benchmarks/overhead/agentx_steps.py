"""AgentX on the task of `benchmarks.overhead.task`, its scripted model as the model that takes no time."""

import atexit
import sys
import tempfile
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from agentx import Agent, tool
from agentx.events import EventLog
from agentx.journal import Journal
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from benchmarks.overhead.task import ANSWER, CALLS, STEPS, TASK, Adder, main

WAYS = ("memory", "disk")
REPLIES = [
    *(f"# I add one to {number}.\nadd(a={number}, b=1)\n->" for number in range(CALLS)),
    f"# I have added one to each.\nAnswer: {ANSWER}",
]


def make(way: str, adder: Adder) -> Callable[[], object]:
    """A run with the journal in memory or on disk."""

    @tool
    def add(a: int, b: int) -> int:
        """Adds two numbers.

        Args:
            a: the first number.
            b: the second number.
        """
        return adder.add(a, b)

    model = ScriptedModel(cycle(REPLIES))
    agent = Agent(model, [add], max_steps=STEPS, journal=open_journal(way))

    def run() -> object:
        model.prompts.clear()
        return agent.run_sync(TASK).output

    return run


def open_journal(way: str) -> EventLog:
    if way == "memory":
        return MemoryJournal()
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Journal(Path(folder.name) / "sessions.sqlite3")


if __name__ == "__main__":
    sys.exit(main(make, WAYS))
