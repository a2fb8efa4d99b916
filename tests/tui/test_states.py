"""Each state of the chat at three widths, as text that was committed and as SVG that comes out the same twice."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from agentx_tui.signals import LoadFailed, Loading

from tests.tui import snapshots
from tests.tui.pages import SIZES, answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.states import BEGUN, STATES


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_a_state_looks_as_it_did(state: str, width: str, tmp_path: Path) -> None:
    async def look() -> tuple[str, str]:
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            for event in STATES[state]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.turn is not None)
            return screen_text(app), app.export_screenshot()

    async def twice() -> None:
        (text, svg), (_, again) = await look(), await look()
        snapshots.check(f"{state}.{width}", text)
        assert svg.replace("\n", "") and _shapes(svg) == _shapes(again)

    run(twice)


def _shapes(svg: str) -> list[str]:
    """The texts of a drawing, but for the memory that the status bar tells."""
    texts = [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]
    return [text for text in texts if "RAM" not in text]


@pytest.mark.parametrize("width", SIZES)
def test_a_screen_on_which_nothing_was_said_yet(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            await settled(pilot)
            snapshots.check(f"ready.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_a_model_that_is_fetched_and_one_that_cannot_be_had(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            app.conversation.inbox.put(Loading("model.gguf, 230.0 MB of 1.12 GB", 0.2))
            await until(pilot, lambda: bool(app.conversation.status().loading))
            snapshots.check(f"fetching.{width}", screen_text(app))
            app.conversation.inbox.put(LoadFailed("No source gave the file; try `agentx models pull`."))
            await until(pilot, lambda: bool(app.conversation.failed))
            snapshots.check(f"no-model.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_a_call_waits_for_an_approval(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path, calls('write_file(path="notes.txt", text="one\\ntwo\\n")'), answer("Done."))
        (setup.workspace / "notes.txt").write_text("one\n")
        async with running(setup, SIZES[width]) as (app, pilot):
            await say(pilot, "add two")
            await asked(pilot)
            await settled(pilot)
            snapshots.check(f"approval.{width}", _without_clock(screen_text(app)))
            await pilot.press("alt+e")
            await settled(pilot)
            snapshots.check(f"approval-edit.{width}", _without_clock(screen_text(app)))
            await pilot.press("escape", "escape")
            await done(pilot)

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_a_tool_asks_the_person(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path, calls('ask_user(question="Which of the two files?")'), answer("Done."))
        async with running(setup, SIZES[width]) as (app, pilot):
            await say(pilot, "clean up")
            await asked(pilot)
            snapshots.check(f"question.{width}", _without_clock(screen_text(app)))
            await pilot.press("alt+n")
            await done(pilot)

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_messages_wait_while_the_agent_works(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            for event in BEGUN:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.busy)
            await say(pilot, "then add a test")
            await say(pilot, "and run it")
            await settled(pilot)
            snapshots.check(f"queued.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_pages_and_completions(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path)
        (setup.workspace / "src").mkdir()
        for name in ("notes.md", "src/csv.py", "src/table.py"):
            (setup.workspace / name).write_text("")
        async with running(setup, SIZES[width]) as (app, pilot):
            await until(pilot, lambda: bool(app.prompt.files))
            await pilot.press("f1")
            await settled(pilot)
            snapshots.check(f"keys.{width}", screen_text(app))
            await pilot.press("escape")
            await pilot.press("/")
            await settled(pilot)
            snapshots.check(f"commands.{width}", screen_text(app))
            await pilot.press("backspace", *"see @sr")
            await settled(pilot)
            snapshots.check(f"files.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("size", [(80, 10), (40, 8)])
def test_a_terminal_of_few_rows_has_no_header_and_one_line_to_write_in(size: tuple[int, int], tmp_path: Path) -> None:
    async def look() -> None:
        async with running(setup_of(tmp_path), size) as (app, pilot):
            for event in STATES["streaming"]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.turn is not None)
            assert app.prompt.size.height == 1
            assert not app.main.query_one("#head").display
            snapshots.check(f"short.{size[0]}x{size[1]}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_in_ascii_mode_nothing_beyond_ascii_is_drawn(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path, calls('write_file(path="notes.txt", text="one\\ntwo\\n")'), answer("Done."))
        async with running(setup, SIZES[width], glyphs="ascii") as (app, pilot):

            def check(name: str) -> None:
                text = screen_text(app)
                assert {sign for sign in text if ord(sign) > 126} == set(), f"{name}:\n{text}"

            for event in [*STATES["success-long"], *STATES["diff"][3:], *STATES["revised"][3:]]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.turn is not None)
            check("states")
            for key in ("f1", "ctrl+r", "ctrl+p", "ctrl+b"):
                await pilot.press(key)
                await settled(pilot)
                check(key)
                await pilot.press("escape")
                await settled(pilot)
            await pilot.press("/")
            await settled(pilot)
            check("completions")
            await pilot.press("backspace")
            await say(pilot, "write")
            await asked(pilot)
            check("dock")
            await pilot.press("alt+e")
            await settled(pilot)
            check("entry")

    run(look)


def test_ascii_glyphs_are_as_they_were(tmp_path: Path) -> None:
    async def look() -> None:
        async with running(setup_of(tmp_path), glyphs="ascii") as (app, pilot):
            for event in STATES["success-long"]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.turn is not None)
            snapshots.check("ascii.wide", screen_text(app))

    run(look)


def test_themes_differ_in_colours_alone_and_no_color_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(**preferences: str) -> tuple[str, str]:
        async with running(setup_of(tmp_path), **preferences) as (app, pilot):
            for event in STATES["diff"]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.turn is not None)
            return screen_text(app), app.export_screenshot()

    async def compare() -> None:
        (dark, one), (light, other) = await look(theme="dark"), await look(theme="light")
        assert _shapes(one) == _shapes(other) and dark.split("RAM")[0] == light.split("RAM")[0] and one != other
        monkeypatch.setenv("NO_COLOR", "1")
        _, grey = await look()
        for colour in _colours(grey):
            assert len({colour[at : at + 2] for at in (1, 3, 5)}) == 1, colour

    run(compare)


def _colours(svg: str) -> set[str]:
    import re

    # The colour of what has none is the exporter's own.
    return set(re.findall(r"r\d+ \{ fill: (#[0-9a-f]{6})", svg)) - {"#c5c8c6"}


def _without_clock(text: str) -> str:
    import re

    return re.sub(r"\b00:\d\d\b", "00:00", text)
