"""`python -m benchmarks.tui.screenshots`: draws the pictures of the README into docs/screenshots, always the same.

The app is the real one, on 120 columns and 36 rows. The chat and the approval are scripted: the model says given
replies, and the tools do what these ask for. The trace is that of a session that the default model has had.
"""

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

SIZE = (120, 36)
TARGET = Path(__file__).parents[2] / "docs" / "screenshots"
RECORDED = Path(__file__).parent / "recorded.jsonl"
MAX_BYTES = 150_000
CSV = """\
def parse(text):
    lines = text.split("\\n")
    rows = []
    i = 0
    while i < len(lines) - 1:
        rows.append(lines[i].split(","))
        i += 1
    return rows
"""
EDIT = 'edit_file(path="csv_lite.py", old="while i < len(lines) - 1:", new="while i < len(lines):")'
TEST = (
    "from csv_lite import parse\\n\\n\\ndef test_the_last_row_is_kept():\\n    assert len(parse('a,b\\\\n1,2')) == 2\\n"
)
REPLIES = [
    '# I will read the file first.\nread_file(path="csv_lite.py")\n->',
    f"# The loop ends before the last line.\n{EDIT}\n->",
    "# I know the answer.\nAnswer: The loop stops **before** the last line, because of `len(lines) - 1`. I changed its "
    'bound:\n\n```python\nwhile i < len(lines):\n    rows.append(lines[i].split(","))\n    i += 1\n```\n\n'
    "A text that ends with a newline now gives an empty last row; say if you want that left out.",
    f'# I write a test for it.\nwrite_file(path="test_csv_lite.py", text="{TEST}")\n->',
]
FIRST = "Why does parse() in @csv_lite.py drop the last row?"
SECOND = "Then add a test for it."


def main() -> None:
    for name, size in draw(TARGET).items():
        print(f"{name:<16} {size / 1000:.0f} kB")


def draw(target: Path) -> dict[str, int]:
    """Draws all into a folder; returns their names and sizes in bytes. Changes the environment of the process."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        for variable in [variable for variable in os.environ if variable.startswith("AGENTX_")]:
            del os.environ[variable]
        os.environ |= {
            "AGENTX_DATA_DIR": f"{name}/data",
            "AGENTX_CONFIG_DIR": f"{name}/config",
            "TERM": "xterm-256color",
        }
        os.environ.pop("NO_COLOR", None)
        asyncio.run(_chat(Path(name), target))
        asyncio.run(_trace(Path(name), target))
    sizes = {path.name: path.stat().st_size for path in sorted(target.glob("*.svg"))}
    assert all(size < MAX_BYTES for size in sizes.values()), f"too large for a README: {sizes}"
    return sizes


async def _chat(folder: Path, target: Path) -> None:
    """A question with an edit and its answer, then a call that waits for an approval."""
    workspace = folder / "csv-lite"
    workspace.mkdir()
    (workspace / "csv_lite.py").write_text(CSV)
    (folder / "replies.json").write_text(json.dumps(REPLIES))

    async def play(app: Any, pilot: Any) -> None:
        await _say(app, pilot, FIRST)
        await _until(pilot, lambda: not app.conversation.busy and app.conversation._ready)
        await _save(app, pilot, target / "chat.svg")
        await _say(app, pilot, SECOND)
        await _until(pilot, lambda: app.dock.asking is not None)
        await pilot.pause(0.5)
        await _save(app, pilot, target / "approval.svg")
        await pilot.press("escape")

    await _run(_setup(folder, workspace, allow=["edit_file"]), play)


async def _trace(folder: Path, target: Path) -> None:
    """The trace of the recorded session, which the app goes on with."""
    from agentx.journal import Journal

    with Journal.default() as journal, RECORDED.open(encoding="utf-8") as lines:
        [(_, session)] = journal.read_in(lines)
    workspace = folder / "orders"
    workspace.mkdir()

    async def play(app: Any, pilot: Any) -> None:
        await _until(pilot, lambda: bool(app.conversation.view.session_id))
        await pilot.press("f5")
        await _until(pilot, lambda: app.screen._rows.place[1] > 1)
        await pilot.press("down", "down", "down")
        await _save(app, pilot, target / "trace.svg")

    await _run(replace(_setup(folder, workspace), resumed=session), play)


def _setup(folder: Path, workspace: Path, **settings: Any) -> Any:
    from agentx.cli.setup import Setup, load_tools
    from agentx.config import Settings

    chosen = replace(Settings(), model=f"scripted:{folder / 'replies.json'}", strategy="react", **settings)
    tools = load_tools(["list_files", "read_file", "calculate", "write_file", "edit_file"])[0]
    return Setup(chosen, workspace, tools)


async def _run(setup: Any, play: Callable[[Any, Any], Awaitable[None]]) -> None:
    from agentx_tui.app import AgentXApp
    from agentx_tui.preferences import Preferences

    app: Any = AgentXApp(lambda: setup, Preferences(theme="dark", glyphs="unicode", reduced_motion=True))
    told = app.conversation.status
    # What is another at each run: the memory of the process, and how long it took.
    app.conversation.status = lambda: told()._replace(ram_bytes=1_870_000_000, elapsed_s=told().elapsed_s and 2.0)
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: app.conversation._ready)
        await play(app, pilot)


async def _say(app: Any, pilot: Any, text: str) -> None:
    app.prompt.replace_all(text)
    await pilot.pause()
    await pilot.press("enter")


async def _until(pilot: Any, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while True:
            with suppress(AttributeError):  # of a page that is not there yet
                if condition():
                    break
            await pilot.pause(0.02)


async def _save(app: Any, pilot: Any, path: Path) -> None:
    for _ in range(5):
        await pilot.pause(0.1)
    app.show()
    await pilot.pause(0.2)
    _write(path, app.export_screenshot(title="AgentX"))


def _write(path: Path, svg: str) -> None:
    """Writes a drawing without the letters that it would load from elsewhere, and with names that do not change."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono")
    path.write_text(re.sub(r"terminal-\d+-", "t-", svg), encoding="utf-8")


if __name__ == "__main__":
    main()
