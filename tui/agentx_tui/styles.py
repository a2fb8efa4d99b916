"""The style sheets: those that the first frame needs, and the rest, which is read with that on the screen."""

from pathlib import Path
from typing import Any

from textual.app import App

FOLDER = Path(__file__).parent
_PAGES = ["screens", "asking", "sessions", "memory", "settings", "trace", "models", "setup"]
ASCII = FOLDER / "ascii.tcss"
"""Goes before all others, and only where it is wanted."""
FIRST = [
    FOLDER / "app.tcss",
    *(FOLDER / "widgets" / f"{name}.tcss" for name in ("transcript", "prompt", "bars", "sidebar")),
]
LATER = [
    *(FOLDER / "screens" / f"{name}.tcss" for name in _PAGES),
    *(FOLDER / "widgets" / f"{name}.tcss" for name in ("answer", "lines", "card", "dock")),
]


def read_later(app: App[Any]) -> None:
    """Reads the rest. All of it at once: Textual would read every sheet anew for a page that brings its own."""
    for path in LATER:
        app.stylesheet.read(path)
    app.stylesheet.parse()
    for page in app.screen_stack[1:]:  # opened by a key that came with the first frame
        app.stylesheet.update(page)
