"""What is on the screen before the screen: the same words in the same places."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from agentx_tui import skeleton

from tests.tui.pages import run, running, screen_text, setup_of


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


def test_it_imports_no_textual() -> None:
    code = "import sys, agentx_tui.skeleton\nprint(*[name for name in sys.modules if name.startswith('textual')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
