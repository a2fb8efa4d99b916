"""What the tests of the screen share: an app on scripted replies, waiting for states, and what is on the screen."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences
from textual.pilot import Pilot

from agentx.cli.setup import Setup, load_tools
from agentx.config import Settings

SIZES = {"wide": (120, 36), "medium": (80, 28), "narrow": (50, 24)}


def calls(*lines: str) -> str:
    """A reply that calls tools."""
    return "# I look at this first.\n" + "\n".join(lines) + "\n->"


def answer(text: str) -> str:
    """A reply that answers."""
    return f"# I know the answer.\nAnswer: {text}"


def setup_of(folder: Path, *replies: str, tools: list[str] | None = None, **settings: Any) -> Setup:
    """A setup whose model says these replies."""
    script = folder / "replies.json"
    script.write_text(json.dumps(replies))
    workspace = folder / "work"
    workspace.mkdir(exist_ok=True)
    chosen = replace(Settings(), model=f"scripted:{script}", strategy="react", **settings)
    names = ["read_file", "write_file", "edit_file", "list_files", "ask_user"] if tools is None else tools
    return Setup(chosen, workspace, load_tools(names)[0])


@asynccontextmanager
async def running(
    setup: Setup, size: tuple[int, int] = (120, 36), **preferences: Any
) -> AsyncIterator[tuple[AgentXApp, Pilot[int]]]:
    """The app with its model loaded; nothing moves by itself unless asked for."""
    chosen = Preferences(**{"theme": "dark", "glyphs": "unicode", "reduced_motion": True, **preferences})
    app = AgentXApp(lambda: setup, chosen)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.conversation._ready or bool(app.conversation.failed))
        yield app, pilot


async def until(pilot: Pilot[int], condition: Callable[[], bool], timeout_s: float = 60) -> None:
    """Waits for a state of the screen."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, screen_text(pilot.app)
        await pilot.pause(0.02)
    await settled(pilot)


async def settled(pilot: Pilot[int]) -> None:
    """Waits until what was taken in has been laid out and drawn."""
    app: Any = pilot.app
    end = time.monotonic() + 5  # a stream that does not pause is never taken in
    for _ in range(3):
        await pilot.pause()
        while (app.conversation.inbox._items or app.transcript._syncing) and time.monotonic() < end:
            await pilot.pause(0.01)
    await pilot.pause(0.02)


async def say(pilot: Pilot[int], text: str) -> None:
    """Writes into the prompt and sends."""
    app: Any = pilot.app
    app.prompt.replace_all(text)
    await pilot.pause()
    await pilot.press("enter")


async def asked(pilot: Pilot[int]) -> None:
    """Waits for a decision to be due, and for its keys to count."""
    app: Any = pilot.app
    await until(pilot, lambda: app.dock.asking is not None and app.dock.display)
    await pilot.pause(0.45)
    await until(pilot, lambda: app.dock.armed)


async def done(pilot: Pilot[int]) -> None:
    """Waits for the end of all that was sent."""
    app: Any = pilot.app
    await until(pilot, lambda: not app.conversation.busy and not app.conversation.queue and app.conversation._ready)


def screen_text(app: Any) -> str:
    """What is on the screen, line by line."""
    height = app.size.height
    lines: list[str] = []
    for row in app.screen._compositor.render_strips():
        lines.append("".join(segment.text for segment in row).rstrip())
    return "\n".join(lines[:height]).rstrip("\n") + "\n"


def run(test: Callable[[], Coroutine[Any, Any, None]] | Awaitable[None]) -> None:
    """Runs a coroutine as a test."""
    asyncio.run(test() if callable(test) else test)  # type: ignore[arg-type]
