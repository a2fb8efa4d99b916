"""Writing on in an editor: what it leaves is taken, and whatever goes wrong costs neither the draft nor the screen."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from agentx_tui import editor
from agentx_tui.editor import NotWritten


class Screen:
    """Steps back as Textual's does: what is raised meanwhile leaves it away."""

    is_away = False

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        self.is_away = True
        yield
        self.is_away = False


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Has a shell script be the editor."""

    def made(script: str) -> None:
        path = tmp_path / "editor"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(path))

    return made


def test_what_the_editor_leaves_is_the_draft(use) -> None:
    use("echo 'and more' >> \"$1\"")
    assert editor.written("some\n", Screen().away()) == "some\nand more"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('echo changed > "$1"; exit 3', "ended with code 3; the draft stays as it was."),
        ('rm "$1"', "left no text; the draft stays as it was."),
        ('rm -r "$(dirname "$1")"', "left no text; the draft stays as it was."),
        ('mv "$1" "$1.bak"', "left no text; the draft stays as it was."),
    ],
)
def test_an_editor_that_does_not_end_well_leaves_the_draft(script: str, said: str, use) -> None:
    use(script)
    screen = Screen()
    with pytest.raises(NotWritten, match=said):
        editor.written("some", screen.away())
    assert not screen.is_away


@pytest.mark.parametrize("command", ["no-such-editor --wait", "vi 'unclosed", "/"])
def test_an_editor_that_cannot_be_opened_is_a_sentence_and_the_screen_comes_back(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", command)
    screen = Screen()
    with pytest.raises(NotWritten, match="cannot be opened .*; set EDITOR to another"):
        editor.written("some", screen.away())
    assert not screen.is_away
