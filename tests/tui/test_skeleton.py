"""What is on the screen before the screen: the same words in the same places."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import skeleton
from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences
from textual import events

from tests.tui.pages import run, running, screen_text, setup_of, until


@pytest.mark.parametrize("size", [(120, 36), (80, 28), (50, 24), (80, 10)])
@pytest.mark.parametrize("glyphs", ["unicode", "ascii"])
def test_its_words_stand_where_the_screen_has_them(
    size: tuple[int, int], glyphs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path)
        monkeypatch.chdir(setup.workspace)
        async with running(setup, size, glyphs=glyphs) as (app, _):
            lines = screen_text(app).split("\n")
        written = skeleton.drawn(os.terminal_size(size), glyphs == "ascii")
        rows = re.findall(r"\x1b\[(\d+);1H([^\x1b]*)", written)
        for row, text in rows[:-1]:
            assert lines[int(row) - 1].startswith(text.rstrip()), (row, text, lines)

    run(test)


def test_what_was_typed_on_it_is_for_the_prompt(tmp_path: Path) -> None:
    focused: list[object] = []

    class Watched(AgentXApp):
        def on_descendant_focus(self, event: events.DescendantFocus) -> None:
            focused.append(event.widget)

    async def test() -> None:
        setup = setup_of(tmp_path)
        app: Any = Watched(lambda: setup, Preferences(theme="dark"))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            assert set(focused) == {app.prompt}

    run(test)


def test_it_imports_no_textual() -> None:
    code = "import sys, agentx_tui.skeleton\nprint(*[name for name in sys.modules if name.startswith('textual')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_the_screen_is_imported_without_what_runs_are_made_of() -> None:
    later = [
        "agentx.events",
        "agentx.policy",
        "agentx.config",
        "agentx.cli.setup",
        "agentx_tui.view",
        "agentx_tui.engine",
    ]
    code = f"import sys, agentx_tui.app\nprint(*[name for name in {later} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
