"""Finds what was sent before by the words in it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from agentx_tui.history import History
from agentx_tui.printable import line

MAX_FOUND = 200


class HistoryPage(ModalScreen[str | None]):
    """Gives the entry that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+r", "dismiss", show=False),
        Binding("up", "move(-1)", priority=True, show=False),
        Binding("down", "move(1)", priority=True, show=False),
    ]

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._found: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="page"):
            words = Input(placeholder="words of what you sent", compact=True)
            words.cursor_blink = False
            yield words
            found = OptionList(compact=True, markup=False)
            found.can_focus = False
            yield found

    def on_mount(self) -> None:
        self._look("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._look(event.value)

    def on_input_submitted(self) -> None:
        at = self.query_one(OptionList).highlighted
        self.dismiss(self._found[at] if at is not None else None)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index])

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if by < 0:
            options.action_cursor_up()
        else:
            options.action_cursor_down()

    def _look(self, words: str) -> None:
        self._found = self._history.search(words)[:MAX_FOUND]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(Content(line(entry, 200))) for entry in self._found])
        options.highlighted = 0 if self._found else None
