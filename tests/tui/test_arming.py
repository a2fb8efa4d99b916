"""When a key decides: never on what was not on the screen, at once where a decision goes on."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import arming
from agentx_tui.arming import GOES_ON_S, QUIET_S, Arming
from agentx_tui.signals import Asking
from agentx_tui.stopwatch import Stopwatch
from agentx_tui.view import Card
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


def test_the_next_question_of_the_same_tool_counts_at_once() -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.decided("once", request("write"))
    clock.now += 0.1
    assert watch.shown(request("write")) == 0
    assert watch.counts("session", LONG) and not watch.counts("session", 0.1)


@pytest.mark.parametrize(("tool", "later_s"), [("shell", 0.1), ("write", GOES_ON_S)])
def test_a_question_of_another_tool_or_a_later_one_waits_for_quiet(tool: str, later_s: float) -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.decided("once", request("write"))
    watch.keep("session")
    clock.now += later_s
    assert watch.shown(request(tool)) == QUIET_S
    assert not watch.counts("session", LONG) and watch.kept() == ""


def test_a_key_that_is_held_down_decides_once() -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.decided("once", request("write"))
    for _ in range(100):
        clock.now += 0.03
        watch.shown(request("write"))
        assert not watch.counts("once", LONG)
    clock.now += QUIET_S
    assert watch.shown(request("write")) == 0 and watch.counts("once", LONG)


@pytest.mark.parametrize(("key", "kept"), [("session", "session"), ("deny", "deny"), ("edit", ""), ("why", "")])
def test_only_what_means_any_call_is_kept_for_one_that_is_not_yet_seen(key: str, kept: str) -> None:
    clock = Clock()
    watch = Arming(clock)
    watch.keep(key)
    watch.shown(request("write"))
    assert watch.kept() == ""  # nothing was decided before
    watch.decided("once", request("write"))
    watch.keep(key)
    clock.now += 0.2
    watch.shown(request("write"))
    assert watch.kept() == kept and watch.kept() == ""


def test_nobody_allows_a_call_once_that_is_not_yet_seen() -> None:
    watch = Arming(Clock())
    watch.decided("session", request("write"))
    watch.keep("once")
    watch.shown(request("write"))
    assert watch.kept() == ""


def decided(app: Any) -> list[tuple[str, str]]:
    items = [item for turn in app.conversation.view.turns for item in turn.items if isinstance(item, Card)]
    return [(str(card.call.arguments.get("path")), card.status) for card in items]


@pytest.mark.parametrize(
    ("second", "statuses"), [("alt+s", ["success"] * 3), ("alt+n", ["success", "rejected", "rejected"])]
)
def test_two_keys_back_to_back_decide_on_two_calls(
    second: str, statuses: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arming, "GOES_ON_S", 50.0)  # whatever else the machine does

    async def test() -> None:
        writes = [f'write_file(path="{name}.txt", text="x")' for name in ("a", "b", "c")]
        setup = setup_of(tmp_path, *(calls(write) for write in writes), answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("alt+y", second)
            if second == "alt+n":
                await until(pilot, lambda: len(decided(app)) == 3 and app.dock.asking is not None)
                await pilot.pause(0.45)
                await pilot.press("alt+n")
            await done(pilot)
            assert decided(app) == list(zip(("a.txt", "b.txt", "c.txt"), statuses, strict=True))
            assert app.prompt.text == ""

    run(test)


def test_a_key_right_after_a_decision_decides_nothing_on_another_tool_and_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            said: list[Any] = []
            app.conversation.engine.answer = lambda asking, word: said.append(word)  # type: ignore[method-assign]
            for name in ("write", "shell"):
                asking = Asking(request(name), asyncio.get_running_loop().create_future())
                app.conversation.inbox.put(asking)
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
            said: list[Any] = []
            app.conversation.engine.answer = lambda asking, word: said.append(word)  # type: ignore[method-assign]
            for name in ("write", "shell"):
                asking = Asking(request(name), asyncio.get_running_loop().create_future())
                app.conversation.inbox.put(asking)
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
