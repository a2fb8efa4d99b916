"""The page of the memory: how it looks, and what its keys do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from agentx_tui.app import AgentXApp
from agentx_tui.screens.asking import Entry, YesNo
from agentx_tui.screens.memory import MemoryPage
from agentx_tui.screens.memory_source import SourcePage
from agentx_tui.screens.page import Page
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from tests.tui import snapshots
from tests.tui.pages import SIZES, answer, run, running, say, screen_text, settled, setup_of, until
from tests.tui.shelves import HOSTILE, LOCKED, FakeShelf


def told(app: AgentXApp) -> str:
    return str(app.screen.query_one("#told").render())


def notes(app: AgentXApp) -> str:
    return "\n".join(note.message for note in app._notifications)


async def looked(pilot: Pilot[int]) -> None:
    app: Any = pilot.app
    await until(pilot, lambda: "looking" not in told(app))


@asynccontextmanager
async def opened(
    tmp_path: Path, shelf: FakeShelf, size: tuple[int, int] = (120, 36), command: str = "", **preferences: Any
) -> AsyncIterator[tuple[AgentXApp, Pilot[int]]]:
    """The page, by its key or a /command."""
    async with running(setup_of(tmp_path), size, **preferences) as (app, pilot):
        app.desk._shelf = shelf
        if command:
            await say(pilot, command)
        else:
            await pilot.press("f3")
        await until(pilot, lambda: isinstance(app.screen, MemoryPage))
        await looked(pilot)
        yield app, pilot


@pytest.mark.parametrize("width", SIZES)
def test_it_looks_as_it_did(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(tmp_path, FakeShelf(), SIZES[width]) as (app, pilot):
            await until(pilot, lambda: "Flensburg" in screen_text(app))
            snapshots.check(f"memory.{width}", screen_text(app))
            await pilot.press("slash", *"boat", "enter")
            await until(pilot, lambda: "0.81" in screen_text(app))
            snapshots.check(f"memory-found.{width}", screen_text(app))
            await pilot.press("escape")
            await looked(pilot)
            await pilot.press("enter")
            await until(pilot, lambda: "Boats" in screen_text(app))
            snapshots.check(f"memory-passages.{width}", screen_text(app))
            await pilot.press("enter")
            await until(pilot, lambda: "line 150" in screen_text(app))
            snapshots.check(f"memory-source.{width}", screen_text(app))
            await pilot.press("escape", "x")
            await settled(pilot)
            snapshots.check(f"memory-forget.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_nothing_stored_and_a_store_that_cannot_be_read(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        shelf = FakeShelf(empty=True)
        async with opened(tmp_path, shelf, SIZES[width]) as (app, pilot):
            snapshots.check(f"memory-empty.{width}", screen_text(app))
            await pilot.press("escape")
            shelf.failing = LOCKED
            await pilot.press("f3")
            await until(pilot, lambda: "another process" in told(app))
            snapshots.check(f"memory-locked.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("size", [(120, 12), (80, 14), (50, 12)])
def test_it_works_in_few_rows_and_in_ascii(size: tuple[int, int], tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(tmp_path, FakeShelf(), size, glyphs="ascii") as (app, pilot):
            text = screen_text(app)
            assert "notes.md" in text and "Esc close" in text
            await pilot.press("a")
            await settled(pilot)
            text += screen_text(app)
            await pilot.press("escape", "down", "down", "x")
            await settled(pilot)
            text += screen_text(app)
            assert {sign for sign in text if ord(sign) > 126} <= {"\u241b", "\u2400"}, text

    run(look)


def test_text_of_strangers_is_never_markup(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path, FakeShelf()) as (app, pilot):
            await pilot.press("end")
            await until(pilot, lambda: "text of strangers" in screen_text(app))
            text = screen_text(app)
            assert "[/] [link=x]" in text and "\x1b" not in text and "\u202e" not in text
            await pilot.press("x")
            await settled(pilot)
            assert HOSTILE[:12] in screen_text(app)

    run(test)


def test_a_search_shows_why_each_was_found_and_esc_leaves_it(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with opened(tmp_path, shelf) as (app, pilot):
            await pilot.press("slash", *"boat")
            await until(pilot, lambda: ("search", "notes", "boat") in shelf.done)
            await looked(pilot)
            text = screen_text(app)
            assert "both" in text and "meaning" in text and "meaning 1st, words 1st" in text
            await pilot.press("down")
            assert app.focused is app.screen.query_one(OptionList)
            await pilot.press("escape")
            await looked(pilot)
            assert app.screen.query_one(Input).value == "" and "fact" in screen_text(app)
            await pilot.press("escape")
            assert app.screen is app.main

    run(test)


def test_what_was_overtaken_by_newer_words_is_not_shown(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with opened(tmp_path, shelf) as (app, pilot):
            shelf.gate.clear()
            await pilot.press("slash", *"boat", "enter")
            await until(pilot, lambda: len(shelf.done) == 1)
            assert "looking" in told(app)
            await pilot.press("slash", *" nothing", "enter")
            await until(pilot, lambda: len(shelf.done) == 2)
            shelf.gate.set()
            await looked(pilot)
            assert app.screen._items == []  # type: ignore[attr-defined]
            assert "try other words" in screen_text(app)

    run(test)


def test_a_document_opens_to_its_passages_and_those_to_their_source(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path, FakeShelf()) as (app, pilot):
            await pilot.press("enter")
            await until(pilot, lambda: "Boats ▸ Sails" in screen_text(app))
            assert app.screen.query_one(OptionList).option_count == 2
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, SourcePage) and "has changed" in told(app))
            area = app.screen.query_one(TextArea)
            assert area.selected_text == "line 150 of the file\nline 151 of the file\nline 152 of the file"
            assert area.read_only and " 150 " in screen_text(app)
            await pilot.press("ctrl+c")
            assert app.clipboard == area.selected_text
            await pilot.press("z")
            assert area.document.line_count == 200 and "z" not in area.selected_text
            await pilot.press("escape", "escape")
            await looked(pilot)
            assert app.screen.query_one(OptionList).option_count == 3
            await pilot.press("escape")
            assert app.screen is app.main

    run(test)


def test_c_goes_to_the_next_collection(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path, FakeShelf()) as (app, pilot):
            await pilot.press("c")
            await until(pilot, lambda: "letter.docx" in screen_text(app))
            await pilot.press("c")
            await until(pilot, lambda: "notes.md" in screen_text(app))

    run(test)


def test_x_forgets_after_a_yes_alone(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with opened(tmp_path, shelf) as (app, pilot):
            await pilot.press("x")
            assert isinstance(app.screen, YesNo)
            await pilot.press("n")
            await settled(pilot)
            assert shelf.done == []
            await pilot.press("down", "x", "y")
            await until(pilot, lambda: ("forget", "notes", "fact 3") in shelf.done)
            await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 2)
            await pilot.press("home", "enter")
            await until(pilot, lambda: "Boats ▸ Sails" in screen_text(app))
            await pilot.press("x", "y")
            await until(pilot, lambda: ("forget passage", "notes", "1") in shelf.done)

    run(test)


def test_a_adds_a_path_that_tab_completes_and_k_lists_what_was_skipped(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with opened(tmp_path, shelf) as (app, pilot):
            workspace = app.conversation.setup.workspace  # type: ignore[union-attr]
            (workspace / "documents").mkdir()
            await pilot.press("a")
            assert isinstance(app.screen, Entry)
            await pilot.press(*"docu")
            field = app.screen.query_one(Input)
            await until(pilot, lambda: field._suggestion == "documents/")
            await pilot.press("tab")
            assert field.value == "documents/"
            await pilot.press("enter")
            await until(pilot, lambda: "2 stored, 1 unchanged, 1 skipped" in told(app))
            assert shelf.done == [("add", "notes", str(workspace / "documents"))]
            assert "broken.pdf: It is called .pdf and is none" in told(app)
            await pilot.press("k")
            await until(pilot, lambda: isinstance(app.screen, Page))
            assert "/home/ada/broken.pdf" in screen_text(app)

    run(test)


def test_adding_shows_how_far_it_is_and_goes_on_when_the_page_is_left(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        shelf.adding.clear()
        async with opened(tmp_path, shelf, command="/memory add docs more.md") as (app, pilot):
            await until(pilot, lambda: "1 of 4" in told(app))
            assert "first.md" in told(app)
            assert [Path(path).name for path in shelf.done[0][2:]] == ["docs", "more.md"]
            await pilot.press("a")
            await until(pilot, lambda: "are being added" in told(app))
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
            shelf.adding.set()
            await until(pilot, lambda: "Memory: 2 stored" in notes(app))

    run(test)


def test_a_home_folder_that_there_is_not_is_told_of(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with opened(tmp_path, shelf, command="/memory add ~nobody-of-that-name/x") as (app, pilot):
            await until(pilot, lambda: "no such home folder" in told(app) or bool(shelf.done))
            assert shelf.done == []

    run(test)


def test_s_stops_adding(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        shelf.adding.clear()
        async with opened(tmp_path, shelf, command="/memory add docs") as (app, pilot):
            await until(pilot, lambda: "1 of 4" in told(app))
            await pilot.press("s")
            await until(pilot, lambda: "Stopped; what is stored stays: 1 stored" in told(app))

    run(test)


def test_the_slash_forms_search_and_look_for_what_to_forget(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with opened(tmp_path, shelf, command="/memory search a/b boats") as (app, pilot):
            assert shelf.done == [("search", "notes", "a/b boats")]
            assert app.screen.query_one(Input).value == "a/b boats"
            await pilot.press("f3")
            await until(pilot, lambda: app.screen is app.main)
            await say(pilot, "/memory forget tea")
            await until(pilot, lambda: ("search", "notes", "tea", "sayings") in shelf.done)
            await until(pilot, lambda: "green tea" in screen_text(app))
            await pilot.press("f3")
            await say(pilot, "/memory fly")
            await until(pilot, lambda: "/memory opens the memory" in notes(app))
            assert app.screen is app.main

    run(test)


def test_a_failure_to_forget_is_told_and_the_rest_stays(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with opened(tmp_path, shelf) as (app, pilot):
            shelf.failing = LOCKED
            await pilot.press("x", "y")
            await until(pilot, lambda: "another process" in told(app))
            assert app.screen.query_one(OptionList).option_count == 3

    run(test)


def test_a_message_that_begins_with_a_hash_is_kept_as_a_note_after_a_yes(tmp_path: Path) -> None:
    async def test() -> None:
        shelf = FakeShelf()
        async with running(setup_of(tmp_path, answer("Yes."))) as (app, pilot):
            app.desk._shelf = shelf
            await say(pilot, "# the boat is called Marlene")
            assert isinstance(app.screen, YesNo)
            assert "Keep as a note: the boat is called Marlene" in screen_text(app)
            await pilot.press("escape")
            await settled(pilot)
            assert app.prompt.text == "# the boat is called Marlene" and shelf.done == []
            await pilot.press("enter", "y")
            await until(pilot, lambda: shelf.done == [("note", "the boat is called Marlene")])
            await until(pilot, lambda: "The note is kept" in notes(app))
            assert app.prompt.text == "" and not app.conversation.view.turns
            shelf.failing = LOCKED
            await say(pilot, "#another")
            await pilot.press("y")
            await until(pilot, lambda: "another process" in notes(app))
            assert app.prompt.text == "# another"

    run(test)


def test_a_note_that_cannot_be_kept_comes_back_before_what_was_written_meanwhile(tmp_path: Path) -> None:
    class Slow(FakeShelf):
        def note(self, *given: Any, **more: Any) -> None:
            assert self.gate.wait(30)
            super().note(*given, **more)

    shelf = Slow()
    shelf.gate.clear()
    shelf.failing = LOCKED

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.desk._shelf = shelf
            await say(pilot, "#another")
            await pilot.press("y")
            await until(pilot, lambda: app.screen is app.main)
            await pilot.press(*"meanwhile")
            shelf.gate.set()
            await until(pilot, lambda: "another process" in notes(app))
            assert app.prompt.text == "# another\nmeanwhile"

    run(test)


def test_heads_of_markdown_and_longer_texts_are_messages(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("1"), answer("2"))) as (app, pilot):
            await say(pilot, "# Title\nand a text")
            await until(pilot, lambda: len(app.conversation.view.turns) == 1)
            await until(pilot, lambda: not app.conversation.busy)
            await say(pilot, "## Title")
            await until(pilot, lambda: len(app.conversation.view.turns) == 2)

    run(test)


def test_nothing_is_drawn_while_nothing_happens(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(tmp_path, FakeShelf()) as (app, pilot):
            drawn: list[Any] = []
            await pilot.pause(0.5)
            app._display = lambda screen, renderable: drawn.append(renderable)  # type: ignore[method-assign]
            await asyncio.sleep(1)
            assert drawn == []

    run(test)
