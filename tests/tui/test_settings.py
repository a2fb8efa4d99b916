"""The page of the settings: how it looks, and what is changed there."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import preferences, theme
from agentx_tui.app import AgentXApp
from agentx_tui.screens.settings import SettingsPage
from agentx_tui.settings_rows import TITLES, Row, rows
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from agentx import config, folders
from agentx.cli.setup import Setup
from tests.tui import snapshots
from tests.tui.pages import SIZES, answer, done, run, running, say, screen_text, settled, setup_of, until

TOML = '# mine\nmax_steps = 9 # enough\nallow = ["write_file"]\n\n[tools.fetch_page]\nallow = ["127.0.0.1:8000"]\n'


def user(text: str) -> Path:
    path = config.user_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def told(app: AgentXApp) -> str:
    return str(app.screen.query_one("#told").render())


def wrong(app: AgentXApp) -> str:
    found = app.screen.query_one("#wrong")
    return str(found.render()) if found.display else ""


@asynccontextmanager
async def opened(
    setup: Setup, size: tuple[int, int] = (120, 36), **chosen: Any
) -> AsyncIterator[tuple[AgentXApp, Pilot[int]]]:
    async with running(setup, size, **chosen) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, SettingsPage) and "looking" not in told(app))
        yield app, pilot


def point(app: AgentXApp, key: str) -> Row:
    """Points at a setting; as the arrows would."""
    page: Any = app.screen
    at = next(at for at, item in enumerate(page._listed) if isinstance(item, Row) and item.key == key)
    page.query_one("#rows", OptionList).highlighted = at
    return page._listed[at]


def shown(app: AgentXApp) -> str:
    return re.sub(r" +\S*config\.toml", " config.toml", screen_text(app))


@pytest.mark.parametrize("width", SIZES)
def test_it_looks_as_it_did(width: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user(TOML)
    monkeypatch.setenv("AGENTX_SEED", "7")

    async def look() -> None:
        async with opened(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            snapshots.check(f"settings.{width}", shown(app))
            point(app, "mode")
            await pilot.press("enter")
            await settled(pilot)
            snapshots.check(f"settings-choice.{width}", shown(app))
            await pilot.press("escape")
            point(app, "threads")
            await pilot.press("enter", *"0", "enter")
            await until(pilot, lambda: bool(wrong(app)))
            snapshots.check(f"settings-wrong.{width}", shown(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_a_file_that_cannot_be_read_is_told_of(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        async with running(setup_of(tmp_path), SIZES[width]) as (app, pilot):
            user("seed = = 1")
            await pilot.press("f2")
            await until(pilot, lambda: "not valid TOML" in told(app))
            assert "config.toml" in told(app)
            await pilot.press("enter", "u", "escape")
            assert app.screen is app.main

    run(look)


@pytest.mark.parametrize("size", [(120, 12), (80, 14), (50, 12)])
def test_it_works_in_few_rows_and_in_ascii(size: tuple[int, int], tmp_path: Path) -> None:
    async def look() -> None:
        async with opened(setup_of(tmp_path), size, glyphs="ascii") as (app, pilot):
            text = screen_text(app)
            assert "model" in text and "Esc close" in text
            point(app, "strategy")
            await pilot.press("enter")
            await settled(pilot)
            text += screen_text(app)
            assert "auto" in screen_text(app)
            assert {sign for sign in text if ord(sign) > 126} == set(), text

    run(look)


def test_a_number_is_typed_checked_and_kept_with_the_comments(tmp_path: Path) -> None:
    path = user(TOML)

    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            point(app, "max_steps")
            await pilot.press("enter")
            field = app.screen.query_one("#field", Input)
            assert field.value == "9"
            field.value = "none"
            await pilot.press("enter")
            await until(pilot, lambda: bool(wrong(app)))
            assert wrong(app) == "`max_steps` must be a whole number from 1 up, not 'none'."
            assert field.value == "none" and path.read_text() == TOML
            field.value = "12"
            await pilot.press("enter")
            await until(pilot, lambda: "is kept" in told(app))
            assert "from the next new conversation on" in told(app)
            assert path.read_text() == TOML.replace("9", "12")
            assert "new convers" in screen_text(app)

    run(test)


def test_a_choice_is_picked_and_esc_leaves_it_as_it_was(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            point(app, "mode")
            await pilot.press("enter", "down")
            await settled(pilot)
            await pilot.press("escape")
            assert isinstance(app.screen, SettingsPage) and not config.user_file().exists()
            await pilot.press("enter", "down", "enter")
            await until(pilot, lambda: "is kept" in told(app))
            assert config.user_file().read_text() == 'mode = "auto-edit"\n'
            assert app.conversation.mode == "ask" and "next start" in screen_text(app)

    run(test)


def test_a_list_and_a_text_are_typed(tmp_path: Path) -> None:
    user(TOML)

    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            point(app, "deny")
            await pilot.press("enter")
            app.screen.query_one("#field", Input).value = "shell(, python"
            await pilot.press("enter")
            await until(pilot, lambda: "is no pattern" in wrong(app))
            app.screen.query_one("#field", Input).value = "shell, python"
            await pilot.press("enter")
            await until(pilot, lambda: "is kept" in told(app))
            point(app, "principles")
            await pilot.press("enter")
            app.screen.query_one("#field", Input).value = '["Be brief, always.", "No jokes."]'
            await pilot.press("enter")
            await until(pilot, lambda: "`principles` is kept" in told(app))
            settings = config.load(tmp_path).settings
            assert (settings.deny, settings.principles) == (["shell", "python"], ["Be brief, always.", "No jokes."])

    run(test)


def test_u_takes_a_setting_back_to_its_default(tmp_path: Path) -> None:
    path = user(TOML)

    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            point(app, "max_steps")
            await pilot.press("u")
            await until(pilot, lambda: "has its default again" in told(app))
            assert "max_steps" not in path.read_text() and "# mine" in path.read_text()
            await pilot.press("u")
            await until(pilot, lambda: told(app) == "`max_steps` has its default.")
            point(app, "tools.fetch_page.allow")
            await pilot.press("u")
            await until(pilot, lambda: "127.0.0.1" not in path.read_text())

    run(test)


def test_what_goes_before_the_file_says_so_and_is_not_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_SEED", "7")

    async def test() -> None:
        setup = replace(setup_of(tmp_path, max_steps=3), origins={"max_steps": "command line"})
        project = config.project_file(setup.workspace)
        project.parent.mkdir()
        project.write_text("temperature = 0.5\n")
        config.trust_project(setup.workspace)
        async with opened(setup) as (app, pilot):
            for key, sentence in [
                ("seed", "The environment has set it, by AGENTX_SEED"),
                ("max_steps", "The command line has set it"),
                ("temperature", "The project has set it"),
            ]:
                point(app, key)
                await pilot.press("enter")
                await until(pilot, lambda sentence=sentence: sentence in told(app))
                assert not app.screen.query_one("#field").display
                await pilot.press("u")
                await settled(pilot)
            assert not config.user_file().exists()

    run(test)


def test_every_setting_is_described(tmp_path: Path) -> None:
    found = rows(tmp_path, None, preferences.load())
    assert {row.group for row in found} == {"model", "agent", "approvals", "sessions", "screen"}
    assert all(row.about and row.expected and row.group in TITLES for row in found)


def test_a_secret_in_a_url_is_not_shown(tmp_path: Path) -> None:
    user('journal_url = "postgresql+psycopg://ada:hunter2secret@host/db"\n')

    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            row = point(app, "journal_url")
            assert "hunter2secret" not in row.shown and "host/db" in row.shown
            await pilot.press("enter")
            await settled(pilot)
            assert app.screen.query_one("#field", Input).value == ""
            assert "hunter2secret" not in screen_text(app)
            await pilot.press("enter")
            await settled(pilot)
            assert "hunter2secret" in config.user_file().read_text()

    run(test)


def test_what_a_file_holds_is_never_markup_nor_in_force(tmp_path: Path) -> None:
    user('instructions = "[/] [link=x] \\u001b[31mred \\u202eleft"\nprinciples = ["[/] [link=x]"]\n')

    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            point(app, "instructions")
            await pilot.press("enter")
            await until(pilot, lambda: "several lines or signs that cannot be shown" in told(app))
            assert not app.screen.query_one("#field").display
            text = screen_text(app)
            assert "[/] [link=x] \u241b" in text
            point(app, "principles")
            await pilot.press("enter")
            await settled(pilot)
            assert '["[/] [link=x]"]' in screen_text(app)
            app.post_message(events.Paste("\n\x1b]0;t\x07\u202ex\nmore"))
            await settled(pilot)
            text += screen_text(app)
            assert app.screen.query_one("#field", Input).value.endswith("\u241b]0;t\u2407\\u202ex")
            assert not {"\x1b", "\x07", "\u202e"} & set(text)

    run(test)


def test_the_screen_s_own_settings_are_kept_and_count_at_once_where_they_can(tmp_path: Path) -> None:
    path = folders.config_dir() / "ui.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# how I like it\nmouse = false\n")

    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            point(app, "screen.theme")
            await pilot.press("enter", "end", "enter")
            await until(pilot, lambda: app.theme == theme.LIGHT.name)
            point(app, "screen.mouse")
            await pilot.press("enter")
            await until(pilot, lambda: "`mouse` is kept; it counts from the next start on." in told(app))
            assert preferences.load().mouse and preferences.load().theme == "light"
            point(app, "screen.mouse")
            await pilot.press("u")
            await until(pilot, lambda: "mouse" not in path.read_text())
            assert "# how I like it" in path.read_text()
            point(app, "screen.reduced_motion")
            await pilot.press("enter")
            await until(pilot, lambda: "reduced_motion" in path.read_text())
            await until(pilot, lambda: app.preferences.reduced_motion)

    run(test)


def test_what_waits_for_a_new_conversation_counts_in_it(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, answer("1"), answer("2"))
        async with opened(setup) as (app, pilot):
            point(app, "max_steps")
            await pilot.press("enter")
            app.screen.query_one("#field", Input).value = "4"
            await pilot.press("enter")
            await until(pilot, lambda: "is kept" in told(app))
            await pilot.press("f2")
            await until(pilot, lambda: app.screen is app.main)
            await say(pilot, "one")
            await done(pilot)
            assert app.conversation.changes == {"max_steps": "new conversation"}
            await say(pilot, "/new")
            await settled(pilot)
            await say(pilot, "two")
            await done(pilot)
            agent = app.conversation.engine._agent
            assert agent is not None and agent.max_steps == 4 and app.conversation.changes == {}

    run(test)


def test_nothing_is_drawn_while_nothing_happens(tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(setup_of(tmp_path)) as (app, pilot):
            drawn: list[Any] = []
            await pilot.pause(0.5)
            app._display = lambda screen, renderable: drawn.append(renderable)  # type: ignore[method-assign]
            await asyncio.sleep(1)
            assert drawn == []

    run(test)
