"""A page of text over the conversation."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from agentx_tui.screens.foot import ESC, foot

WIDTH = 96
"""Of the widest page in columns, as the style sheet has it."""
_FRAME = 7
"""Of these those that hold no text: the border, the padding and the scroll bar."""

FOOT = [("Up Down", "scroll"), ESC]
FOOT_COLUMNS = 40


def text_columns(screen: int) -> int:
    """How many columns of text a page shows on a screen of so many."""
    return min(WIDTH, screen * 96 // 100) - _FRAME


class Page(ModalScreen[None]):
    """Scrolled by the keys that scroll, closed by Esc, Enter, q or F1."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss", show=False)]

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Static(self._content)

    def on_mount(self) -> None:
        page = self.query_one("#page")
        page.border_subtitle = foot(FOOT, FOOT_COLUMNS)
        page.focus()
