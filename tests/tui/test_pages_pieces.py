"""What several pages are made of: the line of keys, a line that asks, paths that are completed."""

from pathlib import Path

import pytest
from agentx_tui.path_suggester import completed
from agentx_tui.screens.asking import Entry, YesNo
from agentx_tui.screens.foot import foot, keys_of
from textual.widgets import Input

from tests.tui.pages import run, running, screen_text, settled, setup_of

KEYS = [("Enter", "open"), ("/", "search"), ("a", "add"), ("Esc", "close")]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, "Enter open   / search   a add   Esc close"),
        (41, "Enter open   / search   a add   Esc close"),
        (40, "Enter open  / search  a add  Esc close"),
        (37, "Enter open  / search  Esc close"),
        (12, "Esc close"),
        (2, "Esc close"),
    ],
)
def test_the_foot_leaves_out_what_does_not_fit_but_never_the_way_out(width: int, line: str) -> None:
    assert foot(KEYS, width).plain == line


def test_the_foot_shows_keys_as_they_were_remapped() -> None:
    assert ("ctrl+n", "add") in keys_of("memory", {"memory-add": "ctrl+n"})
    assert ("a", "add") in keys_of("memory", {})


@pytest.mark.parametrize(("keys", "word"), [(["y"], True), (["enter"], True), (["n"], False), (["x", "escape"], False)])
def test_a_question_takes_yes_and_no_alone(keys: list[str], word: bool, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            said: list[bool | None] = []
            app.push_screen(YesNo("Forget [/] it?\x1b[31m", "forget", "keep"), said.append)
            await settled(pilot)
            assert "Forget [/] it?␛[31m" in screen_text(app)
            await pilot.press(*keys)
            await settled(pilot)
            assert said == [word] and app.screen is app.main and app.prompt.text == ""

    run(test)


def test_an_entry_says_what_is_wrong_and_keeps_what_was_typed(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (50, 12)) as (app, pilot):
            said: list[str | None] = []
            entry = Entry("Which?", problem=lambda text: "It must be a number." if not text.isdecimal() else "")
            app.push_screen(entry, said.append)
            await settled(pilot)
            await pilot.press(*"x1", "enter")
            await settled(pilot)
            assert "It must be a number." in screen_text(app) and entry.query_one(Input).value == "x1"
            await pilot.press("home", "delete", "enter")
            await settled(pilot)
            app.push_screen(Entry("Which?"), said.append)
            await settled(pilot)
            await pilot.press(*"1", "escape")
            await settled(pilot)
            assert said == ["1", None]

    run(test)


def test_paths_are_completed_from_what_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "notes.md").write_text("")
    (tmp_path / "docs" / ".hidden").write_text("")
    (tmp_path / "data.csv").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert completed("d", tmp_path) == "data.csv"
    assert completed("do", tmp_path) == "docs/"
    assert completed("docs/", tmp_path) == "docs/notes.md"
    assert completed("docs/.", tmp_path) == "docs/.hidden"
    assert completed("~/do", Path("/")) == "~/docs/"
    assert completed(f"{tmp_path}/docs/n", Path("/")) == f"{tmp_path}/docs/notes.md"
    for nothing in ("", "https://example.org/d", "none/x", "zz", "~nobody-of-that-name/x", "docs/notes.md/x", "a\0b"):
        assert completed(nothing, tmp_path) is None
