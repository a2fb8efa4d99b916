"""A session is shown again: its keys, its pace, and that it ends as it was seen."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentx_tui.player import Player
from agentx_tui.screens.replay import ReplayPage
from agentx_tui.view import View

from agentx import events as ev
from agentx.journal import Journal
from tests.tui import snapshots
from tests.tui.archives import FIXED, seeded
from tests.tui.pages import SIZES, answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.states import STARTED, STATES

WRITE = calls('write_file(path="notes.txt", text="one\\n")')


@asynccontextmanager
async def replayed(tmp_path: Path, size: tuple[int, int] = (120, 36), **preferences: Any):
    """The app with the replay of a seeded session over it, paused at its beginning."""
    setup = setup_of(tmp_path)
    seeded(setup.workspace)
    async with running(setup, size, **preferences) as (app, pilot):
        page = ReplayPage(FIXED, "fix-csv-parser", app.glyphs, app.wanted_keys)
        app.push_screen(page)
        await until(pilot, lambda: bool(page.player.events))
        await pilot.press("home")
        await settled(pilot)
        yield app, pilot, page


async def shown(pilot: Any, page: Any) -> None:
    """Waits until the page's own transcript has taken in what there is."""
    await pilot.pause()
    transcript = page.query_one("#transcript")
    await until(pilot, lambda: not transcript._syncing and transcript._wanted is None)


@pytest.mark.parametrize("width", SIZES)
def test_the_end_of_a_replay(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with replayed(tmp_path, SIZES[width]) as (app, pilot, page):
            await pilot.press("end")
            await shown(pilot, page)
            snapshots.check(f"replay.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_the_middle_of_a_replay(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with replayed(tmp_path, SIZES[width]) as (app, pilot, page):
            await pilot.press(*["right"] * 5)
            await shown(pilot, page)
            snapshots.check(f"replay-paused.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_a_session_without_events_and_one_that_is_gone(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path)
        with Journal.default() as journal:
            journal.create_session(workspace="/w", model="m", task="t", session_id="empty")
        async with running(setup, SIZES[width]) as (app, pilot):
            for session_id, said in (("empty", "Nothing has happened"), ("gone", "There is no session `gone`")):
                app.push_screen(ReplayPage(session_id, session_id, app.glyphs, app.wanted_keys))
                await until(pilot, lambda said=said: said in screen_text(app))
                await pilot.press("space", "left", "right", "s", "end", "home", "up", "pagedown")
                await settled(pilot)
                assert said in screen_text(app)
                await pilot.press("escape")
                assert app.screen is app.main

    run(look)


def test_steps_go_by_event_in_both_directions(tmp_path: Path) -> None:
    async def test() -> None:
        async with replayed(tmp_path) as (app, pilot, page):
            last = len(page.player.events)
            for _ in range(last + 3):
                await pilot.press("right")
            assert page.player.over and not page.playing
            await shown(pilot, page)
            assert "one row more" in screen_text(app)
            for at in range(last - 1, -1, -1):
                await pilot.press("left")
                assert page.player.at == at
            await pilot.press("left")
            assert page.player.at == 0 and page.player.view == View()
            await shown(pilot, page)
            assert page.query_one("#transcript").mounted_blocks == 0

    run(test)


def test_space_pauses_and_s_changes_the_pace_and_nothing_ticks_while_it_is_paused(tmp_path: Path) -> None:
    async def test() -> None:
        async with replayed(tmp_path) as (_, pilot, page):
            recorded = [(number, 100.0 + 20 * number, event) for number, event in enumerate(STATES["answered"], 1)]
            page.player = Player(recorded)
            await pilot.press("space")
            assert page.playing and page._timer is not None
            await until(pilot, lambda: page.player.at == 1)
            await pilot.press("s")
            assert page.speed == 4 and "4x" in str(page.query_one("#progress").render())
            await pilot.press("space")
            before = page.player.played_s
            await asyncio.sleep(0.4)
            assert not page.playing and page._timer is None
            assert (page.player.at, page.player.played_s) == (1, before)
            await pilot.press("s", "s", "s")
            assert page.speed == 4
            await pilot.press("space", "end")
            assert page.player.over and not page.playing and page._timer is None
            await pilot.press("space")
            assert page.playing and page.player.at <= 1

    run(test)


def test_at_sixteen_times_the_pace_two_minutes_take_some_seconds(tmp_path: Path) -> None:
    import time

    async def test() -> None:
        async with replayed(tmp_path) as (_, pilot, page):
            events = [STARTED, ev.StepStarted(1), *(ev.TextDelta("answer", f"{n} ") for n in range(40))]
            page.player = Player([(n, n * 1.0, event) for n, event in enumerate(events, 1)])
            await pilot.press("s", "s")
            started = time.monotonic()
            await pilot.press("space")
            await until(pilot, lambda: page.player.over and not page.playing)
            # 41 recorded seconds; a machine that is busy may take longer, but none may hurry.
            assert 41 / 16 * 0.9 < time.monotonic() - started < 30

    run(test)


def test_esc_ends_it_and_the_conversation_is_as_it_was(tmp_path: Path) -> None:
    async def test() -> None:
        async with replayed(tmp_path) as (app, pilot, page):
            await pilot.press("end", "pageup", "up", "down", "pagedown")
            await shown(pilot, page)
            await pilot.press("escape")
            assert app.screen is app.main and app.conversation.view == View(model=app.conversation.view.model,
                context_tokens=app.conversation.view.context_tokens)  # fmt: skip
            assert app.transcript.mounted_blocks == 0 and not app.main.query_one("#below").display

    run(test)


@pytest.mark.parametrize("ending", ["ok", "interrupted", "failed"])
def test_a_replay_of_what_was_seen_ends_in_the_same_turns(ending: str, tmp_path: Path) -> None:
    async def test() -> None:
        replies = [WRITE] if ending == "failed" else [WRITE, answer("Done.")]
        async with running(setup_of(tmp_path, *replies)) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("escape" if ending == "interrupted" else "alt+y")
            await done(pilot)
            live = app.conversation.view
            await pilot.press("f4")
            await until(pilot, lambda: getattr(app.screen, "current", None) is not None)
            await pilot.press("p")
            await until(pilot, lambda: isinstance(app.screen, ReplayPage) and bool(app.screen.player.events))
            page: Any = app.screen
            await pilot.press("end")
            assert page.player.view.turns == live.turns
            # The size of the context is what the screen knows of the model that it has loaded itself.
            assert replace(page.player.view, context_tokens=live.context_tokens) == live

    run(test)
