"""A line at the foot of the screen that asks: for a yes, or for a text."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from agentx_tui.printable import line
from agentx_tui.screens.foot import foot
from agentx_tui.widgets.line_input import LineInput

MAX_QUESTION = 300


class YesNo(ModalScreen[bool]):
    """True for `y` or Enter; Esc and `n` say no, other keys nothing.

    Args:
        yes: what a yes does, in a word or two.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y,enter", "say(True)", show=False),
        Binding("n,N,escape", "say(False)", show=False),
    ]

    def __init__(self, question: str, yes: str = "yes", no: str = "no") -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(id="line"):
            yield Static(Content(line(self._question, MAX_QUESTION)), id="question")
            yield Static(foot([("y", self._yes), ("n", self._no)], 200), id="keys")

    def action_say(self, word: bool) -> None:
        self.dismiss(word)


class Entry(ModalScreen[str | None]):
    """Gives the text that was written, or None.

    Args:
        value: what stands there to begin with.
        problem: says in a sentence why a text cannot be taken; "" where it can.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab", "complete", priority=True, show=False),
    ]

    def __init__(
        self,
        question: str,
        *,
        example: str = "",
        value: str = "",
        suggester: Suggester | None = None,
        problem: Callable[[str], str] = lambda text: "",
    ) -> None:
        super().__init__()
        self._question, self._example, self._suggester = question, example, suggester
        self._value = value
        self._problem = problem

    def compose(self) -> ComposeResult:
        keys = [("Enter", "take"), ("Esc", "leave")]
        if self._suggester is not None:
            keys.insert(1, ("Tab", "complete"))
        with Vertical(id="line"):
            yield Static(Content(line(self._question, MAX_QUESTION)), id="question")
            yield LineInput(self._value, self._example, suggester=self._suggester)
            yield Static("", id="wrong")
            yield Static(foot(keys, 200), id="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        wrong = self._problem(text)
        if wrong:
            self.query_one("#wrong", Static).update(Content(line(wrong)))
            self.query_one("#wrong").display = True
        elif text:
            self.dismiss(text)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_complete(self) -> None:
        self.query_one(Input).action_cursor_right()
