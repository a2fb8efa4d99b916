"""Runs of strategy `code` with a scripted model: what the tests of the planner share."""

import asyncio
from pathlib import Path
from typing import Any

from agentx import Agent, plugins
from agentx.events import CallFinished, Event
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel

SHOPPING = "shopping.txt:\n  milk"
"""What the look at the beginning shows of a folder that was empty: where there is nothing to see there is none."""


def agent(model: ScriptedModel, folder: Path, *tools: Any, allow: Any = ("python",)) -> Agent:
    if not any(folder.iterdir()):
        (folder / "shopping.txt").write_text("milk\n")
    runner = plugins.load("agentx.tools", "python")
    return Agent(model, [runner, *tools], workspace=folder, allow=allow, journal=Journal(":memory:"))


def collect(made: Agent, task: str = "Do it.") -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in made.stream(task)]

    return asyncio.run(all_events())


def results(events: list[Event]) -> list[str]:
    return [event.result.text for event in events if isinstance(event, CallFinished)]


class Deciding(ScriptedModel):
    """A scripted model whose Yes/No probes and choices are given in order too."""

    def __init__(self, replies: list[str], yes: list[float]) -> None:
        super().__init__(replies)
        self._all_yes = iter(yes)

    async def score(self, prompt: Any, continuations: Any) -> Any:
        self._yes = next(self._all_yes)
        return await super().score(prompt, continuations)


LOOKS, PROGRAM, ANSWER, NO_CHANGE, CHANGE = 0.9, 0.9, 0.1, 0.1, 0.9
