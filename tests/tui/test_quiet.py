"""Nothing ticks while nothing happens, nothing holds up the screen, and memory does not grow with the conversation."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences
from agentx_tui.widgets.transcript import MAX_MOUNTED, STEP

from agentx import Agent
from agentx import events as ev
from agentx.models.scripted import ScriptedModel
from tests.tui.pages import answer, done, run, running, say, settled, setup_of, until
from tests.tui.states import BEGUN


class Counting(AgentXApp):
    """Counts how often something is drawn."""

    drawn = 0

    def _display(self, screen: Any, renderable: Any) -> None:
        if renderable is not None:
            self.drawn += 1
        super()._display(screen, renderable)


def test_nothing_is_drawn_in_a_second_in_which_nothing_happens(tmp_path: Path) -> None:
    async def test() -> None:
        app = Counting(lambda: setup_of(tmp_path, answer("Hello.")), Preferences(theme="dark"))
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await pilot.pause(0.3)
            before = app.drawn
            await asyncio.sleep(1)
            assert app.drawn == before
            await say(pilot, "hi")
            await done(pilot)
            assert app.drawn > before
            await pilot.pause(0.3)
            before = app.drawn
            await asyncio.sleep(1)
            assert app.drawn == before and app._ticker is None

    run(test)


def test_while_text_streams_the_screen_is_drawn_a_few_times_a_second_only(tmp_path: Path) -> None:
    async def test() -> None:
        app = Counting(lambda: setup_of(tmp_path), Preferences(theme="dark"))
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            for event in BEGUN:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.busy)
            syncs = 0
            show = app.transcript.show

            def counted(view: Any) -> None:
                nonlocal syncs
                syncs += 1
                show(view)

            app.transcript.show = counted  # type: ignore[method-assign]
            end = time.monotonic() + 2
            while time.monotonic() < end:
                app.conversation.inbox.put(ev.TextDelta("answer", "word "))
                await asyncio.sleep(0.005)
            assert syncs <= 21

    run(test)


def test_the_screen_lives_while_the_agent_s_own_loop_is_held_up(tmp_path: Path) -> None:
    """The worst that a core could do: two seconds in which its event loop does not turn."""

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.conversation.engine._call(time.sleep, 2)
            worst, end = 0.0, time.monotonic() + 1.8
            while time.monotonic() < end:
                started = time.monotonic()
                await asyncio.sleep(0.01)
                worst = max(worst, time.monotonic() - started - 0.01)
            assert worst < 1
            await pilot.press("a")
            assert app.prompt.text == "a"

    run(test)


def test_the_first_frame_does_not_wait_for_the_model(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path)
        app = AgentXApp(lambda: setup, Preferences(theme="dark"))
        async with app.run_test(size=(80, 24)) as pilot:
            assert app.prompt.has_focus or not app.conversation._ready
            await pilot.press(*"at once")
            assert app.prompt.text == "at once"

    run(test)


def test_of_a_long_conversation_only_a_window_is_mounted_and_both_ends_can_be_reached(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 30)) as (app, pilot):
            for number in range(300):
                app.conversation.inbox.put(ev.RunStarted("s", f"task {number}", "m", "react", [], "/w"))
                app.conversation.inbox.put(ev.Answered(f"answer {number}"))
                app.conversation.inbox.put(ev.RunFinished("ok", "", None, 1, BEGUN and ev.Usage()))
                if number % 20 == 0:
                    # All that came is shown, so that the window is not looked at in the middle of a move.
                    await until(pilot, lambda shown=2 * (number + 1): app.transcript._last == shown)
                    assert app.transcript.mounted_blocks <= MAX_MOUNTED
            await until(pilot, lambda: app.transcript._last == 600)
            assert app.transcript.stuck and app.transcript.rows_below == 0
            for _ in range(600):
                await pilot.press("pageup")
                await settled(pilot)
                assert app.transcript.mounted_blocks <= MAX_MOUNTED + STEP
                if app.transcript._first == 0 and app.transcript.scroll_y == 0:
                    break
            assert app.transcript._blocks[app.transcript._first].value == "task 0"
            await pilot.press("ctrl+end")
            await until(pilot, lambda: app.transcript._last == 600 and app.transcript.rows_below == 0)

    run(test)


def test_a_session_that_is_read_back_mounts_its_end_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 30)) as (app, pilot):
            for number in range(2_000):
                app.conversation.inbox.put(ev.RunStarted("s", f"task {number}", "m", "react", [], "/w"))
                app.conversation.inbox.put(ev.RunFinished("ok", f"answer {number}", None, 1, ev.Usage()))
            await until(pilot, lambda: len(app.transcript._blocks) == 4_000)
            assert app.transcript.mounted_blocks <= MAX_MOUNTED
            assert app.transcript._blocks[-1].value == "answer 1999"

    run(test)


def test_resize_storms_and_a_paste_of_a_megabyte_lose_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("ok")), (120, 36)) as (app, pilot):
            for event in [*BEGUN, ev.TextDelta("answer", "word " * 500)]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.busy)
            for width, height in [(40, 8), (130, 40), (59, 12), (20, 5), (80, 24), (1, 1), (120, 36)] * 2:
                await pilot.resize_terminal(width, height)
            await settled(pilot)
            text = "line of a paste\n" * 65_536
            await pilot.press("a")
            app.prompt.post_message(__import__("textual.events").events.Paste(text))
            await settled(pilot)
            assert len(app.prompt.text) < 100
            assert app.prompt.whole_text == "a" + text
            await pilot.press("enter")
            await settled(pilot)
            assert app.conversation.queue == [("a" + text).strip()]

    run(test)


@pytest.mark.parametrize("argv", [["--help"], ["run", "--help"], ["chat", "--help"]])
def test_the_command_line_imports_no_textual(argv: list[str]) -> None:
    code = (
        f"import sys; from agentx.cli import main\ntry: main({argv!r})\nexcept SystemExit: pass\n"
        "print(*[name for name in sys.modules if name.startswith(('textual', 'agentx_tui'))], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == ""


def test_the_module_that_opens_the_app_imports_no_textual_before_it_does() -> None:
    code = "import sys, agentx_tui.open\nprint(*[name for name in sys.modules if name.startswith('textual')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_what_the_tests_stream_is_what_an_agent_emits(tmp_path: Path) -> None:
    agent = Agent(ScriptedModel(["Hello."]), workspace=tmp_path)

    async def kinds() -> list[str]:
        return [type(event).__name__ async for event in agent.stream("hi")]

    assert {"RunStarted", "ModelLoaded", "StepStarted", "TextDelta", "Answered"} <= set(asyncio.run(kinds()))
