"""One agent under measurement by `benchmarks.tui.beside`: does its tasks with or without the screen, and how fast."""

import asyncio
import json
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

from agentx_tui import garbage
from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences

from agentx.cli.setup import Setup
from agentx.config import Settings
from agentx.events import ModelReplied
from agentx.journal import Journal

TASKS = [
    "Count from 1 to 300, one number a line.",
    "Write a long story about a lighthouse keeper, in many paragraphs.",
    "Explain in detail how a bicycle is built, with a list of all its parts and a paragraph for each.",
    "Write a Python module with ten small functions on lists, each with a docstring.",
]
PROBE_S = 0.05


class Driven(AgentXApp):
    """Sends its tasks itself, one after the other, and ends after the last."""

    def __init__(self, setup: Setup, tasks: list[str]) -> None:
        super().__init__(lambda: setup, Preferences(theme="dark"))
        self._tasks = tasks
        self.lags: list[float] = []
        self.cpu_s = self.busy_s = 0.0

    def on_mount(self) -> None:
        self._work = asyncio.get_running_loop().create_task(self._drive())

    async def _drive(self) -> None:
        talk: Any = self.conversation
        while not talk._ready:
            if talk.failed or talk.broken or talk.missing:
                self.exit(1)
                return
            await asyncio.sleep(PROBE_S)
        cpu, started = time.thread_time(), time.perf_counter()
        for task in self._tasks:
            talk.send(task)
            while talk.busy or not talk._ready:
                due = time.perf_counter() + PROBE_S
                await asyncio.sleep(PROBE_S)
                self.lags.append(time.perf_counter() - due)
        self.cpu_s, self.busy_s = time.thread_time() - cpu, time.perf_counter() - started
        self.exit(0)


async def headless(setup: Setup, tasks: list[str]) -> None:
    session = setup.agent().session()
    for task in tasks:
        async with aclosing(session.stream(task)) as events:
            async for _ in events:
                pass


def main() -> None:
    """Arguments: a file for the figures, `screen` or `headless`, a model, threads of its decoder, how many tasks."""
    figures, how, model, threads, count = sys.argv[1:6]
    folder = Path(figures).parent
    setup = Setup(Settings(model=model or None, threads=int(threads), strategy="react"), folder, [])
    told: dict[str, Any] = {"lags": [], "screen cpu": 0.0}
    if how == "screen":
        app = Driven(setup, TASKS[: int(count)])
        garbage.only_at_rest()
        app.run()
        assert app.return_code == 0, app.conversation.failed or "there is no such model"
        told = {"lags": app.lags, "screen cpu": app.cpu_s / app.busy_s}
    else:
        asyncio.run(headless(setup, TASKS[: int(count)]))
    with Journal.default() as journal:
        [row] = journal.sessions()
        usages = [event.usage for event in journal.events(row.id) if isinstance(event, ModelReplied)]
    told |= {"tokens": sum(it.output_tokens for it in usages), "decode s": sum(it.decode_s for it in usages)}
    Path(figures).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
