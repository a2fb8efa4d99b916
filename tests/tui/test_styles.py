"""Style sheets and widgets that come with the first frame on the screen, and not before it."""

import asyncio
from pathlib import Path

from agentx_tui import styles
from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences
from agentx_tui.screens.page import Page

from tests.tui.pages import run, running, screen_text, setup_of, until


class Held(AgentXApp):
    """Has what comes after the first frame wait for a word."""

    def __init__(self, folder: Path) -> None:
        setup = setup_of(folder)
        super().__init__(lambda: setup, Preferences(theme="dark", glyphs="unicode", reduced_motion=True))
        self.go = asyncio.Event()

    async def furnish(self) -> None:
        await self.go.wait()
        await super().furnish()


def test_every_style_sheet_is_read_once() -> None:
    read = [styles.ASCII, *styles.FIRST, *styles.LATER]
    assert sorted(read) == sorted(Path(styles.__file__).parent.rglob("*.tcss"))


def test_a_page_that_is_opened_before_its_styles_are_there_looks_as_any_other(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("f1")
            await until(pilot, lambda: isinstance(app.screen, Page))
            expected = screen_text(app).splitlines()[:-1]
        early = Held(tmp_path)
        async with early.run_test(size=(120, 36)) as pilot:
            await pilot.press("f1")
            await pilot.pause()
            assert isinstance(early.screen, Page)
            early.go.set()
            await until(pilot, lambda: early.conversation._ready)
            # The last line tells of the memory that the process takes.
            assert screen_text(early).splitlines()[:-1] == expected

    run(test)


def test_keys_that_come_before_the_dock_is_there_are_taken(tmp_path: Path) -> None:
    async def test() -> None:
        app = Held(tmp_path)
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.press("a", "pageup", "pagedown", "alt+y", "escape", "ctrl+o", "b")
            assert app.prompt.text == "ab" and not app.dock.is_mounted
            app.go.set()
            await until(pilot, lambda: app.conversation._ready)
            assert app.dock.is_mounted and not app.dock.display and app.prompt.has_focus

    run(test)
