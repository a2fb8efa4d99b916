"""When a key or a click decides: never on what was not on the screen, sooner where a decision goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import arming
from agentx_tui.arming import GOES_ON_S, QUIET_S, REPEATS_S, SEEN_S, Arming
from agentx_tui.signals import Asking
from agentx_tui.stopwatch import Stopwatch
from agentx_tui.view import Card
from agentx_tui.widgets.dock import Entry, Option
from textual import events

from agentx import Tool
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest
from tests.tui.pages import answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until

LONG = 9.0  # since a letter was typed


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def request(name: str) -> ApprovalRequest:
    def body() -> None:
        """Does something."""

    tool = Tool.from_function(body, name=name, capabilities=frozenset({"writes"}))
    return ApprovalRequest(ToolCall("c", name, {}), tool, f"{name} changes files")


def test_a_question_that_comes_by_itself_waits_for_quiet() -> None:
    clock = Clock()
    watch = Arming(clock)
    assert watch.shown(request("write")) == QUIET_S
    assert not watch.counts("once", LONG)
    clock.now += QUIET_S
    assert not watch.counts("once", 0.1)
    assert watch.counts("once", LONG)


def test_the_next_question_of_the_same_tool_counts_sooner_and_a_no_at_once() -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.decided("once", request("write"))
    clock.now += 0.1
    assert watch.shown(request("write")) == SEEN_S < QUIET_S
    assert watch.counts("deny", LONG) and not watch.counts("deny", 0.1)
    assert not any(watch.counts(key, LONG) for key in ("session", "pattern", "edit", "why"))
    clock.now += SEEN_S
    assert watch.counts("session", LONG) and not watch.counts("session", 0.1)


@pytest.mark.parametrize(("tool", "later_s"), [("shell", 0.1), ("write", GOES_ON_S)])
def test_a_question_of_another_tool_or_a_later_one_waits_for_quiet(tool: str, later_s: float) -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.decided("once", request("write"))
    watch.keep("deny", LONG)
    clock.now += later_s
    assert watch.shown(request(tool)) == QUIET_S
    assert not watch.counts("session", LONG) and not watch.counts("deny", LONG) and watch.kept() == ""


@pytest.mark.parametrize("delay_s", [0.2, 0.5, 0.66, 0.9])
@pytest.mark.parametrize("gap_s", [0.03, 0.1, 0.5])
@pytest.mark.parametrize("shown_after_s", [0.15, 2.0])
def test_a_key_that_is_held_down_decides_once(delay_s: float, gap_s: float, shown_after_s: float) -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.decided("once", request("write"))
    shown_at, is_shown = clock.now + shown_after_s, False
    clock.now += delay_s
    for _ in range(100):
        if not is_shown and clock.now >= shown_at:
            is_shown = True
            watch.shown(request("write"))
        if is_shown:
            assert not watch.counts("once", LONG)
        else:
            watch.keep("once", LONG)
        clock.now += gap_s
    clock.now += REPEATS_S
    assert is_shown and watch.counts("once", LONG)


def test_a_key_that_is_told_to_come_again_does_count_then() -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.decided("once", request("write"))
    watch.shown(request("write"))
    for _ in range(2):
        clock.now += 0.55
        early = watch.counts("once", LONG)
        watch.disturbed()
    assert not early
    clock.now += 0.7
    assert watch.counts("once", LONG)


@pytest.mark.parametrize(
    ("key", "kept"), [("deny", "deny"), ("once", ""), ("session", ""), ("pattern", ""), ("edit", ""), ("why", "")]
)
def test_nothing_but_a_no_is_kept_for_a_call_that_is_not_yet_seen(key: str, kept: str) -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.keep(key, LONG)
    watch.shown(request("write"))
    assert watch.kept() == ""  # nothing was decided before
    watch.decided("another", request("write"))
    watch.keep(key, 0.1)
    watch.shown(request("write"))
    assert watch.kept() == ""  # somebody writes
    watch.keep(key, LONG)
    clock.now += 0.2
    watch.shown(request("write"))
    assert watch.kept() == kept and watch.kept() == ""


def decided(app: Any) -> list[tuple[str, str]]:
    items = [item for turn in app.conversation.view.turns for item in turn.items if isinstance(item, Card)]
    return [(str(card.call.arguments.get("path")), card.status) for card in items]


def decisions(app: Any) -> list[Any]:
    """What is said to questions from here on, in order; nothing comes of it."""
    said: list[Any] = []
    app.conversation.engine.answer = lambda asking, word: said.append(word)
    return said


def ask_for(app: Any, *tools: str) -> None:
    """A call of each tool waits for a word."""
    for name in tools:
        app.conversation.inbox.put(Asking(request(name), asyncio.get_running_loop().create_future()))


@asynccontextmanager
async def waiting(tmp_path: Path, *tools: str) -> AsyncIterator[tuple[Any, Any, Clock, list[Any]]]:
    """A call of each tool waits for a word; what is said is noted, and the time of decisions stands still."""
    async with running(setup_of(tmp_path)) as (app, pilot):
        clock, said = Clock(), decisions(app)
        app.dock._arming = Arming(clock)
        ask_for(app, *tools)
        await asked(pilot)
        clock.now += QUIET_S
        yield app, pilot, clock, said


def test_two_keys_back_to_back_allow_a_call_and_refuse_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arming, "GOES_ON_S", 50.0)  # whatever else the machine does

    async def test() -> None:
        writes = [f'write_file(path="{name}.txt", text="x")' for name in ("a", "b", "c")]
        setup = setup_of(tmp_path, *(calls(write) for write in writes), answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("alt+y", "alt+n")
            await until(pilot, lambda: len(decided(app)) == 3 and app.dock.asking is not None)
            await asked(pilot)
            await pilot.pause(arming.HELD_S)
            await pilot.press("alt+n")
            await done(pilot)
            assert decided(app) == [("a.txt", "success"), ("b.txt", "rejected"), ("c.txt", "rejected")]
            assert app.prompt.text == ""

    run(test)


def test_a_word_for_each_call_of_a_tool_allows_none_before_it_was_on_the_screen(tmp_path: Path) -> None:
    async def test() -> None:
        async with waiting(tmp_path, "write", "write") as (app, pilot, clock, said):
            app.action_decide("once")
            app.action_decide("session")  # in the same breath
            await until(pilot, lambda: app.dock._shown is app.dock.asking is not None)
            assert [word.grant for word in said] == [None]
            clock.now += SEEN_S
            app.action_decide("session")
            await settled(pilot)
            assert [word.grant for word in said] == [None, "write"]

    run(test)


@pytest.mark.parametrize("delay_s", [0.3, 0.5, 0.66])
def test_a_held_key_allows_no_second_call(delay_s: float, tmp_path: Path) -> None:
    async def test() -> None:
        async with waiting(tmp_path, "write", "write") as (app, pilot, clock, said):
            app.action_decide("once")
            clock.now += 0.15
            await until(pilot, lambda: app.dock._shown is app.dock.asking is not None)
            clock.now += delay_s - 0.15
            for _ in range(60):
                app.action_decide("once")
                clock.now += 0.03
            assert app.dock.query_one("#dock-problem").display
            await settled(pilot)
            assert len(said) == 1

    run(test)


def test_a_double_click_decides_once_and_a_click_waits_as_a_key_does(tmp_path: Path) -> None:
    async def test() -> None:
        async with waiting(tmp_path, "write", "write", "shell") as (app, pilot, clock, said):
            await pilot.click(app.dock.query(Option).first())
            await until(pilot, lambda: len(said) == 1 and app.dock._shown is app.dock.asking is not None)
            clock.now += SEEN_S
            await pilot.click(app.dock.query(Option).first())
            await settled(pilot)
            assert len(said) == 1
            clock.now += arming.HELD_S
            await pilot.click(app.dock.query(Option).first())
            await until(pilot, lambda: len(said) == 2 and app.dock._shown is app.dock.asking is not None)
            await pilot.click(app.dock.query(Option).last())
            await settled(pilot)
            assert len(said) == 2 and app.dock._choice is None  # of another tool, and too early for any word

    run(test)


def test_a_click_on_a_question_that_was_taken_back_decides_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with waiting(tmp_path, "write", "shell") as (app, pilot, clock, said):
            for _ in range(2):
                option = app.dock.query(Option).first()
                app.dock.withdraw(app.dock.asking)
                option.on_click()
                await settled(pilot)
                clock.now += GOES_ON_S
                option.on_click()
                await settled(pilot)
            assert said == [] and app.dock.asking is None and app._exception is None

    run(test)


@pytest.mark.parametrize("choice", ["pattern", "edit", "why"])
def test_what_was_entered_for_a_question_is_not_said_to_the_next(choice: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with waiting(tmp_path, "write", "write") as (app, pilot, _, said):
            app.action_decide(choice)
            assert app.dock._choice is not None
            app.dock.query_one(Entry).load_text({"pattern": "write", "edit": "{}", "why": "no"}[choice])
            app.dock.withdraw(app.dock.asking)
            app.dock.on_entry_entered()
            await settled(pilot)
            assert said == [] and app.dock.asking is not None and app.dock._choice is None

    run(test)


def test_what_is_being_entered_is_not_lost_where_another_question_comes_or_goes(tmp_path: Path) -> None:
    async def test() -> None:
        async with waiting(tmp_path, "write", "shell") as (app, pilot, _, said):
            await pilot.press("alt+r", *"rather")
            assert "(1 more)" in screen_text(app)
            app.conversation.inbox.put(Asking(request("third"), asyncio.get_running_loop().create_future()))
            await until(pilot, lambda: "(2 more)" in screen_text(app))
            for asking in app.dock._waiting[1:]:
                app.dock.withdraw(asking)
            await until(pilot, lambda: " more)" not in screen_text(app))
            await pilot.press(*" not", "enter")
            await until(pilot, lambda: bool(said))
            assert "rather not" in said[0].reason

    run(test)


def test_a_question_that_came_behind_a_page_is_decided_by_no_key_before_it_is_seen(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            said = decisions(app)
            await pilot.press("f1")
            ask_for(app, "write")
            await until(pilot, lambda: app.dock._drawn is not None)
            await pilot.pause(QUIET_S)
            assert app.screen is not app.main and not app.dock.armed
            await pilot.press("escape")
            await until(pilot, lambda: app.dock.armed)
            await pilot.press("alt+y")
            await until(pilot, lambda: len(said) == 1)

    run(test)


def test_a_key_right_after_a_decision_decides_nothing_on_another_tool_and_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            said = decisions(app)
            ask_for(app, "write", "shell")
            await asked(pilot)
            await pilot.press("alt+y")
            end = time.monotonic() + 30
            while app.dock._shown is None:
                assert time.monotonic() < end
                await asyncio.sleep(0)
            app.dock._arming.shown(app.dock.asking.asked)  # now, whatever else the machine does
            app.action_decide("session")
            assert [word.grant for word in said] == [None]
            await pilot.pause()
            assert "too early" in screen_text(app)
            await until(pilot, lambda: app.dock.armed)
            assert "too early" not in screen_text(app)
            await pilot.press("alt+s")
            await until(pilot, lambda: len(said) == 2)
            assert said[1].grant == "shell"

    run(test)


def test_a_question_that_is_not_drawn_yet_is_decided_by_no_key(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            said = decisions(app)
            ask_for(app, "write", "shell")
            await asked(pilot)
            app.action_decide("once")
            app.action_decide("pattern")  # in the same breath: the first question is on the screen yet
            await settled(pilot)
            assert len(said) == 1 and app.dock._choice is None and app.dock.asking is not None

    run(test)


def test_alt_with_a_letter_writes_no_letter(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for letter in "ysx":
                app.prompt.post_message(events.Key(f"alt+{letter}", letter))
            await settled(pilot)
            assert app.prompt.text == ""

    run(test)


def test_a_stopwatch_stands_still_while_it_is_held() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.hold(True)
    assert watch.elapsed_s is None
    watch.start()
    clock.now += 5
    watch.hold(True)
    clock.now += 60
    watch.hold(True)
    assert watch.elapsed_s == 5
    watch.hold(False)
    clock.now += 2
    assert watch.elapsed_s == 7
    watch.reset()
    assert watch.elapsed_s is None


def test_the_clock_of_a_turn_stands_still_while_the_run_waits_for_a_person(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, calls('write_file(path="a.txt", text="x")'), answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            before = app.conversation.status().elapsed_s
            await pilot.pause(0.5)
            assert before is not None and app.conversation.status().elapsed_s == before
            await pilot.press("alt+y")
            await done(pilot)
            assert app.conversation.status().elapsed_s is None

    run(test)


@pytest.mark.parametrize("size", [(120, 36), (80, 28), (50, 24), (50, 10)])
def test_a_notice_covers_nothing_that_is_being_written(size: tuple[int, int], tmp_path: Path) -> None:
    from agentx_tui.app import AgentXApp
    from agentx_tui.preferences import Preferences

    async def test() -> None:
        app: Any = AgentXApp(lambda: setup_of(tmp_path), Preferences(theme="dark", reduced_motion=True))
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await pilot.press(*"what is written")
            for _ in range(3):
                app.tell("The settings could not be kept, since the disk is full; make room and try again.", "warning")
            await until(pilot, lambda: len(app.query("Toast")) == 3)
            covered = [toast.region for toast in app.query("Toast")]
            for name in ("#prompt", "#status"):
                assert not any(region.overlaps(app.query_one(name).region) for region in covered)
            assert "what is written" in screen_text(app)

    run(test)


def test_a_page_says_how_it_is_left(tmp_path: Path) -> None:
    async def test() -> None:
        for size in ((120, 36), (80, 28), (50, 24)):
            async with running(setup_of(tmp_path), size) as (app, pilot):
                await pilot.press("f1")
                await settled(pilot)
                assert "Up Down scroll" in screen_text(app) and "Esc close" in screen_text(app)

    run(test)
