"""The page of the trace: how it looks, and what each of its keys does."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from agentx_tui.screens import trace_span
from agentx_tui.screens.trace import EMPTY, NOT_KEPT, TracePage
from agentx_tui.screens.trace_span import SpanPage

from agentx import events as ev
from agentx.errors import StorageError
from agentx.memory_journal import MemoryJournal
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.trace import Trace
from agentx.trace_building import spans
from tests.core.test_trace import RUN
from tests.tui import snapshots
from tests.tui.pages import SIZES, answer, calls, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.states import BEGUN, STARTED

HOSTILE = "[/] [link=x]\x1b[31m\x00\u202e`"


def fixed() -> Trace:
    """Two tasks, whose times are always the same."""
    first = spans("s", RUN)
    second = spans("t", [(at + 10.6, event) for at, event in RUN])
    return Trace("s", (*first, *second))


def rows(app: Any) -> list[str]:
    return screen_text(app).split("\n")


@asynccontextmanager
async def opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int] = SIZES["wide"], **more: Any
) -> AsyncIterator[tuple[Any, Any, TracePage]]:
    """The page over a conversation whose trace is `fixed()`."""
    monkeypatch.setattr("agentx_tui.screens.trace.read", lambda journal, session_id: fixed())
    async with running(setup_of(folder), size, **more) as (app, pilot):
        app.conversation.inbox.put(STARTED)
        app.conversation.inbox.put(ev.RunFinished("ok", "", None, 0, Usage()))
        await until(pilot, lambda: bool(app.conversation.view.session_id) and not app.conversation.busy)
        await pilot.press("f5")
        page: Any = app.screen
        await until(pilot, lambda: page._rows.place[1] > 0)
        yield app, pilot, page


@pytest.mark.parametrize("width", SIZES)
def test_the_waterfall_looks_as_it_did(width: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look() -> None:
        async with opened(tmp_path, monkeypatch, SIZES[width]) as (app, pilot, _):
            snapshots.check(f"trace.{width}", screen_text(app))
            await pilot.press("down", "down", "down", "down", "z")
            await settled(pilot)
            snapshots.check(f"trace-zoomed.{width}", screen_text(app))
            await pilot.press("down", "down", "enter")
            await settled(pilot)
            snapshots.check(f"trace-span.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_a_session_without_a_task_and_a_journal_that_cannot_be_read(
    width: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(journal: Any, session_id: str) -> Trace:
        raise StorageError("The journal sessions.sqlite3 cannot be used (database is locked): try again.")

    async def look() -> None:
        monkeypatch.setattr("agentx_tui.screens.trace.read", locked)
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            await pilot.press("f5")
            await settled(pilot)
            assert EMPTY[:20] in screen_text(app)
            snapshots.check(f"trace-empty.{width}", screen_text(app))
            await pilot.press("escape")
            app.conversation.inbox.put(STARTED)
            await until(pilot, lambda: bool(app.conversation.view.session_id))
            await pilot.press("f5")
            await until(pilot, lambda: "cannot be read" in screen_text(app))
            snapshots.check(f"trace-error.{width}", screen_text(app))

    run(look)


def test_a_conversation_that_no_journal_keeps_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr("agentx.agent.Agent.open_journal", lambda self: MemoryJournal())
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.conversation.inbox.put(STARTED)
            await until(pilot, lambda: bool(app.conversation.view.session_id))
            await pilot.press("f5")
            await until(pilot, lambda: NOT_KEPT[:30] in screen_text(app))

    run(test)


def test_the_keys_move_fold_zoom_and_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with opened(tmp_path, monkeypatch) as (app, pilot, page):
            found = page._rows
            # The latest task is unfolded and pointed at, the one before it is folded.
            assert found.place == (2, 10)
            await pilot.press("up", "right")
            assert found.place == (1, 18)
            await pilot.press("right")
            assert found.span.name == "load the model"
            await pilot.press("left")
            assert found.span.kind == "task"
            await pilot.press("left")
            assert found.place == (1, 10)
            await pilot.press("end")
            assert found.place == (10, 10)
            await pilot.press("home", "pagedown")
            assert found.place == (10, 10)
            await pilot.press("pageup")
            assert found.place == (1, 10)
            await pilot.press("down", "z")
            assert (found.window.start, found.window.end) == (10.6, 21.2)
            await pilot.press("z")
            assert (found.window.start, found.window.end) == (0.0, 21.2)
            await pilot.press("down", "down", "left")
            assert found.place == (4, 6)
            await pilot.press("left")
            assert found.span.kind == "task"
            await pilot.press("r")
            await settled(pilot)
            assert found.place == (2, 6)
            await pilot.press("escape")
            assert len(app.screen_stack) == 1
            await pilot.press("f5", "f5")
            assert len(app.screen_stack) == 1

    run(test)


def test_it_follows_a_task_that_is_under_way_and_then_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def growing(journal: Any, session_id: str) -> Trace:
        seen.append(session_id)
        return Trace("s", tuple(spans("s", RUN[: 3 + len(seen)])))

    async def test() -> None:
        monkeypatch.setattr("agentx_tui.screens.trace.read", growing)
        monkeypatch.setattr("agentx_tui.screens.trace.FOLLOW_S", 0.1)
        async with running(setup_of(tmp_path)) as (app, pilot):
            for event in BEGUN:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.busy)
            await pilot.press("f5")
            page: Any = app.screen
            await until(pilot, lambda: len(seen) >= 4 and page._rows.place[1] >= 5)
            app.conversation.inbox.put(ev.RunFinished("ok", "", None, 0, Usage()))
            await until(pilot, lambda: page._following is None)
            count = len(seen)
            await pilot.pause(0.5)
            assert len(seen) <= count + 1

    run(test)


def test_a_trace_that_takes_longer_to_read_than_it_is_followed_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = [0, 0]

    def slow(journal: Any, session_id: str) -> Trace:
        reading[0] += 1
        reading[1] = max(reading)
        time.sleep(0.5)
        reading[0] -= 1
        return fixed()

    async def test() -> None:
        monkeypatch.setattr("agentx_tui.screens.trace.read", slow)
        monkeypatch.setattr("agentx_tui.screens.trace.FOLLOW_S", 0.05)
        async with running(setup_of(tmp_path)) as (app, pilot):
            for event in BEGUN:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.busy)
            await pilot.press("f5")
            page: Any = app.screen
            await until(pilot, lambda: page._rows.place[1] > 0)
            assert app.conversation.busy and reading[1] == 1

    run(test)


@pytest.mark.parametrize("size", [(30, 10), (26, 10), (20, 10), (12, 8)])
def test_a_row_stays_one_line_where_there_is_no_room_for_it(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(tmp_path, monkeypatch, size) as (_, pilot, page):
            await settled(pilot)
            shown = page._rows.render().plain.split("\n")
            assert len(shown) == min(page._rows.size.height, page._rows.place[1])
            assert {len(line) for line in shown} == {page._rows.size.width}

    run(test)


@pytest.mark.parametrize("size", [(120, 12), (80, 12), (50, 12)])
def test_what_is_pointed_at_stays_in_sight_on_twelve_rows(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(tmp_path, monkeypatch, size) as (app, pilot, page):
            await pilot.press("up", "right")
            for _ in range(17):
                await pilot.press("down")
                await settled(pilot)
                at = page._rows._at - page._rows._top
                assert 0 <= at < page._rows.size.height
            assert "Esc" in rows(app)[11]
            assert page._rows.size.height >= 4

    run(test)


def test_a_click_points_and_a_second_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with opened(tmp_path, monkeypatch) as (app, pilot, page):
            await pilot.click(page._rows, offset=(20, 4))
            assert page._rows.place[0] == 5
            await pilot.click(page._rows, offset=(20, 4))
            await settled(pilot)
            assert isinstance(app.screen, SpanPage)
            await pilot.press("escape")
            assert app.screen is page

    run(test)


@pytest.mark.parametrize("width", SIZES)
def test_in_ascii_mode_nothing_beyond_ascii_is_drawn(
    width: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(tmp_path, monkeypatch, SIZES[width], glyphs="ascii") as (app, pilot, _):
            assert {sign for sign in screen_text(app) if ord(sign) > 126} == set()
            await pilot.press("down", "down", "enter")
            await settled(pilot)
            assert {sign for sign in screen_text(app) if ord(sign) > 126} == set(), screen_text(app)

    run(test)


def test_the_prompt_as_sent_is_made_again_and_leaves_the_script_where_it_was(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, calls('read_file(path="a.txt")'), answer("It holds 1."), answer("And 2."))
        (setup.workspace / "a.txt").write_text("one\n")
        async with running(setup) as (app, pilot):
            await say(pilot, "What does a.txt hold?")
            await done(pilot)
            await pilot.press("f5")
            page: Any = app.screen
            await until(pilot, lambda: page._rows.place[1] > 0)
            replies = [at for at, row in enumerate(page._rows._rows) if row.span.kind == "reply"]
            page._rows.move(replies[-1])
            await pilot.press("enter")
            shown: Any = app.screen
            await until(pilot, lambda: bool(shown._prompt))
            assert "What does a.txt hold?" in shown._prompt and "one" in shown._prompt
            assert "# I look at this first." in shown._prompt
            assert "playing the session back" in str(shown.query_one("#span-how").content)
            await pilot.press("c")
            assert "It holds 1." in app.clipboard and shown._prompt in app.clipboard
            await pilot.press("escape", "escape")
            await say(pilot, "And b.txt?")
            await done(pilot)
            assert app.conversation.view.turn.status == "ok"

    run(test)


def test_while_the_agent_works_and_where_it_is_another_agent_the_page_says_why_there_is_no_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(tmp_path, monkeypatch) as (app, pilot, page):
            for event in BEGUN:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.busy)
            replies = [at for at, row in enumerate(page._rows._rows) if row.span.kind == "reply"]
            page._rows._point(replies[0])
            await pilot.press("enter")
            await settled(pilot)
            assert trace_span.BUSY[:40] in screen_text(app)
            app.conversation.inbox.put(ev.RunFinished("ok", "", None, 0, Usage()))
            await until(pilot, lambda: not app.conversation.busy)
            await pilot.press("r")
            # No journal has a session of that name.
            await until(pilot, lambda: "digest alone (d1)" in screen_text(app).replace("\n", " "))

    run(test)


def test_hostile_texts_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = ToolCall("h", HOSTILE, {HOSTILE: HOSTILE})
    hostile = [
        (0.0, ev.RunStarted("s", HOSTILE, HOSTILE, "react", [], "/w")),
        (1.0, ev.StepStarted(1)),
        (2.0, ev.Thought(HOSTILE)),
        (2.0, ev.CallDecoded(call)),
        (2.0, ev.CallStarted(call)),
        (3.0, ev.CallFinished(ToolResult("h", "ok", HOSTILE + "x" * 300_000))),
        (3.0, ev.Notice(HOSTILE)),
    ]

    async def test() -> None:
        async with opened(tmp_path, monkeypatch) as (app, pilot, page):
            page._rows.show(Trace("h", tuple(spans("h", hostile))))
            await settled(pilot)
            assert "[link=x]" in screen_text(app) and "\x1b" not in screen_text(app)
            await pilot.press("end", "up", "enter")
            await settled(pilot)
            assert isinstance(app.screen, SpanPage)
            assert "[link=x]" in screen_text(app) and "\u202e" not in screen_text(app)
            await pilot.press("end")
            await settled(pilot)
            assert "more characters" in screen_text(app)

    run(test)


def test_the_command_opens_it_too(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await say(pilot, "/trace")
            await settled(pilot)
            assert isinstance(app.screen, TracePage)

    run(test)


def test_sessions_show_prints_the_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from agentx.cli import main

    script = tmp_path / "replies.json"
    script.write_text(json.dumps([answer("It is 6.")]))
    assert main(["run", "multiply", "--model", f"scripted:{script}", "--strategy", "react", "--tool", "calculate"]) == 0
    assert main(["sessions", "show", "last", "--trace"]) == 0
    out = capsys.readouterr().out
    assert "task  multiply" in out and "reply  Answer: It is 6." in out and "took" in out
