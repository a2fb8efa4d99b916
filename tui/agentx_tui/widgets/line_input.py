"""One line to write in."""

from typing import Any

from textual import events
from textual.widgets import Input

from agentx.cli.text import visible


class LineInput(Input):
    """Its cursor does not blink, and nothing of what it begins with or is pasted is in force: an Input draws what it
    holds as it is."""

    def __init__(self, value: str = "", placeholder: str = "", **more: Any) -> None:
        super().__init__(visible(value), placeholder, compact=True, select_on_focus=False, **more)
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        first = next((each for each in visible(event.text).split("\n") if each.strip()), "")
        self.replace(first.expandtabs(4), *self.selection)
