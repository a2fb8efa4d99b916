"""What it costs to append a line to an answer, and a message to a conversation, as both grow."""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences
from agentx_tui.status import ram_bytes

from agentx import events as ev
from agentx.cli.setup import Setup
from agentx.config import Settings
from agentx.messages import Usage

SAMPLES = 40


def measure(short_lines: int, long_lines: int, messages: int) -> dict[str, float]:
    """CPU milliseconds an append at both lengths, their ratio, and MB of growth from a tenth of the messages to all."""
    return asyncio.run(_measure(short_lines, long_lines, messages))


async def _measure(short_lines: int, long_lines: int, messages: int) -> dict[str, float]:
    mounted = 0
    with tempfile.TemporaryDirectory() as name:
        os.environ["AGENTX_DATA_DIR"] = name
        (Path(name) / "replies.json").write_text("[]")
        setup = Setup(Settings(model=f"scripted:{Path(name) / 'replies.json'}"), Path(name), [])
        app = AgentXApp(lambda: setup, Preferences(theme="dark", reduced_motion=True))
        async with app.run_test(size=(120, 40)) as pilot:
            await _put(app, pilot, ev.RunStarted("s", "go", "m", "react", [], "/w"), ev.StepStarted(1))
            at_short = await _grown(app, pilot, 0, short_lines)
            at_long = await _grown(app, pilot, short_lines, long_lines)
            await _put(app, pilot, ev.RunFinished("ok", "", None, 1, Usage()))
            early = late = 0
            for number in range(messages):
                await _message(app, pilot, number)
                if number == messages // 10:
                    early = ram_bytes()
            late, mounted = ram_bytes(), app.transcript.mounted_blocks
    return {
        "ms at short": at_short,
        "ms at long": at_long,
        "ratio": at_long / at_short,
        "MB grown": (late - early) / 1e6,
        "mounted": mounted,
    }


async def _grown(app: Any, pilot: Any, begin: int, end: int) -> float:
    """Brings the answer to that many lines; the median CPU time of what the last ones cost, in ms."""
    bulk = [f"line {at} of the answer  \n" if at % 8 else "\n" for at in range(begin, end - SAMPLES)]
    for at in range(0, len(bulk), 200):
        await _put(app, pilot, ev.TextDelta("answer", "".join(bulk[at : at + 200])))
    taken: list[float] = []
    for at in range(SAMPLES):
        started = time.process_time()
        await _put(app, pilot, ev.TextDelta("answer", f"line {at} of the answer  \n" if at % 8 else "\n"))
        taken.append(time.process_time() - started)
    return 1e3 * statistics.median(taken)


async def _message(app: Any, pilot: Any, number: int) -> None:
    app.conversation.inbox.put(ev.RunStarted("s", f"message {number}", "m", "react", [], "/w"))
    app.conversation.inbox.put(ev.Answered(f"Answer {number}, with some **words** in it."))
    app.conversation.inbox.put(ev.RunFinished("ok", "", None, 1, Usage()))
    if number % 50 == 49:
        await _put(app, pilot)


async def _put(app: Any, pilot: Any, *events: ev.Event) -> None:
    """Takes the events in, without waiting for the period of the inbox, and waits until they are drawn."""
    for event in events:
        app.conversation.inbox.put(event)
    app.take()
    await asyncio.sleep(0)
    while app.transcript._syncing:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0)
    await pilot.pause()
