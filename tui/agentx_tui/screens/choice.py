"""A line at the foot of the screen that asks for one of a few, each with a key of its own."""

from collections.abc import Mapping
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from agentx_tui.printable import line
from agentx_tui.screens.asking import MAX_QUESTION
from agentx_tui.screens.foot import foot


class Choice(ModalScreen[str | None]):
    """Gives the key of what was chosen, or None.

    Args:
        offered: for each key what it stands for, in a word or two.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, question: str, offered: Mapping[str, str]) -> None:
        super().__init__()
        self._question, self._offered = question, dict(offered)

    def compose(self) -> ComposeResult:
        with Vertical(id="line"):
            yield Static(Content(line(self._question, MAX_QUESTION)), id="question")
            yield Static(foot([*self._offered.items(), ("Esc", "leave")], 200), id="keys")

    def on_key(self, event: events.Key) -> None:
        if event.key in self._offered:
            event.stop()
            self.dismiss(event.key)
