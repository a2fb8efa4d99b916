"""Writing on in an editor: what it leaves is taken, and whatever goes wrong costs neither the draft nor the screen."""

import contextlib
import os
import signal
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
    with pytest.raises(NotWritten, match=said) as raised:
        editor.written("some", screen.away())
    assert not screen.is_away
    assert raised.value.text == ("changed" if "changed" in script else ""), "what was saved is not lost"


def test_what_the_editor_has_left_as_it_was_is_not_told_of(use) -> None:
    use('echo >> "$1"; exit 1')
    with pytest.raises(NotWritten) as raised:
        editor.written("some\n", Screen().away())
    assert raised.value.text == ""


def test_ctrl_c_in_the_terminal_of_the_editor_ends_the_editor_alone(use) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        use(f'echo changed > "$1"; kill -INT {os.getpid()}; kill -INT $$; exit 0')
        with pytest.raises(NotWritten, match="ended with code -2") as raised:
            editor.written("some", Screen().away())
        assert raised.value.text == "changed" and not heard
        signal.raise_signal(signal.SIGINT)
        assert heard == [signal.SIGINT], "it is heard again afterwards"
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("command", ["no-such-editor --wait", "vi 'unclosed", "/"])
def test_an_editor_that_cannot_be_opened_is_a_sentence_and_the_screen_comes_back(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", command)
    screen = Screen()
    with pytest.raises(NotWritten, match="cannot be opened .*; set EDITOR to another"):
        editor.written("some", screen.away())
    assert not screen.is_away
