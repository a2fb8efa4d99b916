"""The page of sessions: what it looks like, and what each of its keys does."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import archive
from agentx_tui.archive import Entry
from agentx_tui.preferences import Preferences
from agentx_tui.screens.asking import YesNo
from agentx_tui.screens.choice import Choice
from agentx_tui.screens.replay import ReplayPage
from agentx_tui.screens.sessions import SessionsPage
from agentx_tui.screens.sessions_text import when
from textual.widgets import Input

from agentx.journal import Journal
from tests.tui import snapshots
from tests.tui.archives import BROKEN, DOUBTFUL, ELSEWHERE, FIXED, kept, seeded, turn
from tests.tui.pages import SIZES, answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.test_quiet import Counting


@asynccontextmanager
async def opened(tmp_path: Path, size: tuple[int, int] = (120, 36), *replies: str, **preferences: Any):
    """The app with the seeded sessions and their page over it, all of it read."""
    setup = setup_of(tmp_path, *replies)
    seeded(setup.workspace)
    async with running(setup, size, **preferences) as (app, pilot):
        await pilot.press("f4")
        await read(app, pilot)
        yield app, pilot


async def read(app: Any, pilot: Any) -> None:
    """Waits until the page has read all that it asked for."""
    await pilot.pause(0.02)
    await until(pilot, lambda: not page(app).workers._workers)
    await settled(pilot)


def page(app: Any) -> Any:
    return next(screen for screen in app.screen_stack if isinstance(screen, SessionsPage))


def names(app: Any) -> list[str]:
    return [entry.id for entry in page(app)._shown]


def note(app: Any) -> str:
    return str(page(app).query_one("#note").render())


def read_journal(ask: Callable[[Journal], Any]) -> Any:
    with Journal.default() as journal:
        return ask(journal)


# What it looks like


@pytest.mark.parametrize("width", SIZES)
def test_the_list_and_what_is_pointed_at(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(tmp_path, SIZES[width]) as (app, _):
            snapshots.check(f"sessions.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_what_a_search_has_found(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(tmp_path, SIZES[width]) as (app, pilot):
            await pilot.press("/", *"parse", "enter")
            await read(app, pilot)
            assert page(app)._searched == "parse"
            snapshots.check(f"sessions-found.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_no_session_yet_says_what_makes_one(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            await pilot.press("f4")
            await read(app, pilot)
            snapshots.check(f"sessions-empty.{width}", screen_text(app))

    run(look)
    assert not Journal.default_path().exists(), "looking makes no journal"


@pytest.mark.parametrize("width", SIZES)
def test_a_journal_that_cannot_be_read_is_a_sentence(width: str, tmp_path: Path) -> None:
    Journal.default_path().parent.mkdir(parents=True, exist_ok=True)
    Journal.default_path().write_bytes(b"no database at all, but long enough to be looked at" * 40)

    async def look() -> None:
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            await pilot.press("f4")
            await read(app, pilot)
            assert page(app).query_one("#empty").has_class("-error")
            # The path is another each time, and so is where the sentence breaks.
            said = " ".join(screen_text(app).split())
            assert "cannot be used" in said and "a new one is made" in said
            await pilot.press("escape")
            assert app.screen is app.main

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_what_is_asked_before_something_is_done(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(tmp_path, SIZES[width]) as (app, pilot):
            await pilot.press("down", "d")
            await settled(pilot)
            snapshots.check(f"sessions-delete.{width}", screen_text(app))
            await pilot.press("n", "r")
            await settled(pilot)
            snapshots.check(f"sessions-rename.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("size", [(120, 12), (80, 12), (50, 12), (40, 10)])
def test_in_a_few_rows_the_list_stays(size: tuple[int, int], tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(tmp_path, size) as (app, _):
            text = screen_text(app)
            assert "fix-csv" in text and "Enter resume" in text and "Sessions" in text
            assert page(app)._rows.size.height >= 3

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_in_ascii_mode_nothing_beyond_ascii_is_drawn(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(tmp_path, SIZES[width], glyphs="ascii") as (app, pilot):

            def check(name: str) -> None:
                text = screen_text(app)
                assert {sign for sign in text if ord(sign) > 126} == set(), f"{name}:\n{text}"

            check("list")
            await pilot.press("e")
            await settled(pilot)
            check("export")
            await pilot.press("escape", "p")
            await until(pilot, lambda: isinstance(app.screen, ReplayPage) and bool(app.screen.player.events))
            await pilot.press("end")
            await settled(pilot)
            check("replay")

    run(look)


def test_names_of_strangers_are_no_markup(tmp_path: Path) -> None:
    hostile = "[/] [link=x]y[/link] \x1b[31mred \u202egnp.exe"

    async def look() -> None:
        setup = setup_of(tmp_path)
        events = turn("s", hostile, answer=hostile)
        kept(setup.workspace, "s", events, created="2020-01-01T00:00:00+00:00")
        async with running(setup) as (app, pilot):
            await pilot.press("f4")
            await read(app, pilot)
            text = screen_text(app)
            assert text.count("[/] [link=x]y[/link]") >= 2 and "\x1b" not in text and "\u202e" not in text

    run(look)


def test_when_says_less_the_longer_it_is_ago() -> None:
    now = datetime(2026, 11, 26, 5, 0, tzinfo=timezone(timedelta(hours=2)))
    assert when("2026-11-26T02:03:00+00:00", now) == "04:03"
    assert when("2026-11-25T21:30:00+00:00", now) == "Nov 25"
    assert when("2025-11-26T02:03:00+00:00", now) == "Nov 2025"
    assert when("some day", now) == ""


def test_nothing_is_drawn_while_nothing_happens(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path)
        seeded(setup.workspace)
        app: Any = Counting(lambda: setup, Preferences(theme="dark"))
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await pilot.press("f4")
            await read(app, pilot)
            await pilot.pause(0.3)
            before = app.drawn
            await pilot.press("down")
            await read(app, pilot)
            assert app.drawn > before
            await pilot.pause(0.3)
            before = app.drawn
            await pilot.pause(1)
            assert app.drawn == before

    run(test)


def test_rows_are_drawn_for_the_width_that_there_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            await pilot.resize_terminal(60, 30)
            await read(app, pilot)
            assert "Rename the columns of the table" in screen_text(app)
            assert all(len(text) <= 60 for text in screen_text(app).split("\n"))
            await pilot.resize_terminal(130, 30)
            await read(app, pilot)
            assert "broke off" in screen_text(app) and "1 turn" in screen_text(app)

    run(test)


# What its keys do


def test_f4_esc_and_the_command_open_and_close_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            await pilot.press("escape")
            assert app.screen is app.main and app.focused is app.prompt
            await say(pilot, "/sessions")
            await read(app, pilot)
            await pilot.press("f4")
            await until(pilot, lambda: app.screen is app.main)

    run(test)


def test_words_filter_by_name_and_enter_searches_all_that_was_said(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            assert names(app) == [FIXED, BROKEN, DOUBTFUL]
            await pilot.press("/", *"CSV fix")
            assert names(app) == [FIXED]
            await pilot.press("backspace", "backspace", "backspace", "down")
            assert page(app)._rows.has_focus
            await pilot.press("escape")
            assert names(app) == [FIXED, BROKEN, DOUBTFUL]
            await pilot.press("/", *"row more", "enter")
            await read(app, pilot)
            [found] = page(app)._shown
            assert (found.id, found.hit.kind) == (FIXED, "answer") and "one row more" in found.hit.excerpt
            assert page(app)._rows.has_focus
            assert "one row more" in screen_text(app)
            await pilot.press("escape")
            assert names(app) == [FIXED, BROKEN, DOUBTFUL]
            await pilot.press("/", *"zebra", "enter")
            await read(app, pilot)
            assert names(app) == [] and "Nothing has all of these words" in screen_text(app)
            await pilot.press("escape")
            await pilot.press("/", *"!?", "enter")
            await read(app, pilot)
            assert "no word to search for" in screen_text(app)

    run(test)


def test_a_shows_those_of_all_folders(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            await pilot.press("a")
            await read(app, pilot)
            assert names(app) == [FIXED, BROKEN, DOUBTFUL, ELSEWHERE] and "of all folders" in screen_text(app)
            await pilot.press("/", *"flowers", "enter")
            await read(app, pilot)
            assert names(app) == [ELSEWHERE]
            await pilot.press("a")
            await read(app, pilot)
            assert names(app) == []

    run(test)


def test_what_was_read_for_a_page_that_was_left_is_told_to_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            left, told = page(app), list[Any]()
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
            left._work(lambda: "read", told.append, told.append, "late")
            left._work(lambda: 1 / 0, told.append, told.append, "later")
            await until(pilot, lambda: not app.workers._workers)
            assert told == []

    run(test)


def test_enter_goes_on_with_a_session_and_its_past_is_seen(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, answer("You are Ada."), answer("Ada, as you said."), answer("Another."))
        async with running(setup) as (app, pilot):
            await say(pilot, "I am Ada")
            await done(pilot)
            first = app.conversation.view
            await say(pilot, "/new")
            await say(pilot, "something else")
            await done(pilot)
            await pilot.press("f4")
            await read(app, pilot)
            await pilot.press("down")
            assert page(app).current.id == first.session_id
            await pilot.press("enter")
            await until(pilot, lambda: app.conversation.view.session_id == first.session_id)
            await done(pilot)
            assert app.screen is app.main and app.focused is app.prompt
            assert app.conversation.view.turns == first.turns
            assert "You are Ada." in screen_text(app) and "something else" not in screen_text(app)
            await say(pilot, "who am I?")
            await done(pilot)
            assert [turn.status for turn in app.conversation.view.turns] == ["ok", "ok"]
            found = read_journal(lambda journal: journal.turns([first.session_id]))
            assert found == {first.session_id: 2}

    run(test)


def test_while_the_agent_works_nothing_else_is_gone_on_with(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path, (120, 36), calls('write_file(path="x", text="x")')) as (app, pilot):
            await pilot.press("escape")
            await say(pilot, "write")
            await asked(pilot)
            session_id = app.conversation.view.session_id
            await pilot.press("f4")
            await read(app, pilot)
            for key in ("enter", "f"):
                page(app)._rows.highlighted = names(app).index(FIXED)
                await pilot.press(key)
                await settled(pilot)
                assert "The agent works" in note(app) and isinstance(app.screen, SessionsPage)
            await pilot.press("escape")
            await pilot.press("escape")
            await done(pilot)
            assert app.conversation.view.session_id == session_id

    run(test)


def test_a_session_that_another_process_works_on_is_left_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            with Journal.default() as journal, journal.lease(BROKEN):
                await pilot.press("a")
                await read(app, pilot)
                page(app)._rows.highlighted = names(app).index(BROKEN)
                assert page(app).current.state == "running"
                said = archive.preview(BROKEN)
                assert said.turn is not None and not said.turn.over
                await pilot.press("enter")
                await settled(pilot)
                assert "Another process works on this session" in note(app)
                await pilot.press("d", "y")
                await until(pilot, lambda: "Another process works" in note(app) and "end it" in note(app))
            assert BROKEN in read_journal(lambda journal: [row.id for row in journal.sessions()])

    run(test)


def test_a_session_whose_folder_is_gone_is_told_of_and_nothing_changes(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            await pilot.press("a")
            await read(app, pilot)
            page(app)._rows.highlighted = names(app).index(ELSEWHERE)
            await pilot.press("enter")
            await until(pilot, lambda: any("is no folder" in each.message for each in app._notifications))
            await done(pilot)
            assert app.conversation.view.session_id == "" and app.conversation.setup.workspace == tmp_path / "work"

    run(test)


def test_f_goes_on_with_a_copy(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, answer("One."), answer("Two."))
        async with running(setup) as (app, pilot):
            await say(pilot, "first")
            await done(pilot)
            before = app.conversation.view
            await pilot.press("f4")
            await read(app, pilot)
            await pilot.press("f")
            await until(pilot, lambda: app.conversation.view.session_id != before.session_id)
            await done(pilot)
            assert app.screen is app.main and app.conversation.view.turns == before.turns
            await say(pilot, "second")
            await done(pilot)
            assert [turn.task for turn in app.conversation.view.turns] == ["first", "second"]
            rows = read_journal(lambda journal: journal.sessions())
            fork = next(row for row in rows if row.parent == before.session_id)
            turns = read_journal(lambda journal: journal.turns([row.id for row in rows]))
            assert turns == {before.session_id: 1, fork.id: 2} and app.conversation.view.session_id == fork.id
            await pilot.press("f4")
            await read(app, pilot)
            assert "forked from first" in screen_text(app)

    run(test)


def test_r_gives_a_name(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            await pilot.press("down", "r", *"columns", "enter")
            await until(pilot, lambda: "Renamed." in note(app))
            await read(app, pilot)
            assert page(app).current.row.title == "columns"
            await pilot.press("r")
            await settled(pilot)
            assert app.screen.query_one(Input).value == "columns"
            await pilot.press(*" and rows", "escape")
            assert page(app).current.row.title == "columns"

    run(test)
    assert read_journal(lambda journal: journal.session(BROKEN).title) == "columns"


def test_a_journal_that_somebody_else_writes_to_is_told_of(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            other = sqlite3.connect(Journal.default_path(), isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            try:
                await pilot.press("r", *"no", "enter")
                await until(pilot, lambda: "another process holds it" in note(app))
            finally:
                other.close()
            assert names(app) == [FIXED, BROKEN, DOUBTFUL]

    run(test)


@pytest.mark.parametrize(("key", "ending"), [("m", ".md"), ("h", ".html"), ("j", ".jsonl")])
def test_e_writes_a_file_of_the_workspace(key: str, ending: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            await pilot.press("e")
            assert isinstance(app.screen, Choice)
            await pilot.press(key)
            await until(pilot, lambda: "Written to" in note(app))

    run(test)
    written = (tmp_path / "work" / f"session-{FIXED}{ending}").read_text()
    assert "drop the last row" in written
    if ending == ".jsonl":
        assert json.loads(written.splitlines()[0])["id"] == FIXED


def test_d_asks_and_only_a_yes_deletes(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            for keys in (["d", "n"], ["d", "escape"], ["delete", "x", "escape"]):
                await pilot.press(*keys)
                await settled(pilot)
                assert names(app) == [FIXED, BROKEN, DOUBTFUL] and app.screen is page(app)
            await pilot.press("down", "d")
            assert isinstance(app.screen, YesNo)
            await pilot.press("y")
            await until(pilot, lambda: names(app) == [FIXED, DOUBTFUL])
            await read(app, pilot)
            assert note(app) == "Deleted." and page(app).current.id == DOUBTFUL

    run(test)
    assert {row.id for row in read_journal(lambda journal: journal.sessions())} == {FIXED, DOUBTFUL, ELSEWHERE}


def test_the_conversation_on_the_screen_is_not_deleted_under_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello."))) as (app, pilot):
            await say(pilot, "hi")
            await done(pilot)
            await pilot.press("f4")
            await read(app, pilot)
            await pilot.press("d")
            await settled(pilot)
            assert "on the screen" in note(app) and app.screen is page(app)
            await pilot.press("enter")
            assert app.screen is app.main

    run(test)


def test_keys_without_a_session_do_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("f4")
            await read(app, pilot)
            await pilot.press("enter", "f", "r", "e", "d", "p", "up", "down")
            await settled(pilot)
            assert app.screen is page(app)

    run(test)


def test_what_was_asked_first_does_not_come_over_what_was_asked_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from agentx_tui import archive

    async def test() -> None:
        async with opened(tmp_path) as (app, pilot):
            slow = archive.search

            def search(words: str, workspace: str | None) -> list[Entry]:
                time.sleep(0.6 if words == "parse" else 0)
                return slow(words, workspace)

            monkeypatch.setattr(archive, "search", search)
            await pilot.press("/", *"parse", "enter")
            await pilot.press(*[*["backspace"] * 5, *"report", "enter"])
            await until(pilot, lambda: page(app)._searched == "report")
            await pilot.pause(0.9)
            assert page(app)._searched == "report" and names(app) == [DOUBTFUL]

    run(test)
