"""A tour of five cards, to be read while a model is being fetched, or at any time."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from agentx_tui import pull_text
from agentx_tui.glyphs import Glyphs
from agentx_tui.screens.foot import foot
from agentx_tui.screens.heights import SHORT

if TYPE_CHECKING:
    from agentx_tui.fetching import Fetching

CARDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "What AgentX does",
        (
            "You write what is to be done; a model on this machine thinks it through and calls tools: it reads and "
            "edits files, runs programs, searches the web.",
            "Each call is a card in the conversation: what was asked for, how long it took, what came of it.",
            "@ names a file in what you write, / a command. Esc stops the agent; what was done so far stays.",
        ),
    ),
    (
        "Keys",
        (
            "Enter sends, and queues while the agent works; Ctrl+S adds to the task under way.",
            "Ctrl+P finds every command by its name, F1 shows all keys. keymap.toml gives an action other keys.",
            "Alt+Up points at a block: c copies it as it was written, y its code, Enter unfolds it.",
        ),
    ),
    (
        "Approvals and modes",
        (
            "Before a tool changes something or sends something out, a question stands over the prompt: once, for "
            "this session, for a pattern, or no, with your reason for the agent.",
            "Its keys are Alt and a letter, so that nothing you type decides by accident.",
            "Shift+Tab goes through the modes: read-only, ask, auto-edit, full. The head line shows which one holds.",
        ),
    ),
    (
        "Memory",
        (
            "F3 is what is kept between sessions: files and pages that you add, and notes.",
            "A message that begins with # is kept as a note. Nothing is taken into the memory unasked.",
            "The agent looks there by itself, and says which passage an answer rests on.",
        ),
    ),
    (
        "Sessions",
        (
            "Each conversation is written down as it happens; after a crash it goes on where it broke off.",
            "F4 lists them: go on with one, fork it, replay it, take it out as Markdown or HTML.",
            "Esc twice goes back to an earlier turn, and the files with it. F5 shows where the time went.",
        ),
    ),
)


class TourPage(ModalScreen[None]):
    """One card at a time; at its foot how far the fetching of a model has come, where one is being fetched."""

    VERTICAL_BREAKPOINTS = SHORT
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", show=False),
        Binding("right,enter,space,l", "turn(1)", show=False),
        Binding("left,backspace,h", "turn(-1)", show=False),
    ]

    def __init__(self, desk: "Fetching", glyphs: Glyphs) -> None:
        super().__init__()
        self._desk, self._glyphs = desk, glyphs
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="page"):
            with VerticalScroll(id="card"):
                yield Static("", id="text")
            yield Static("", id="told")
            yield Static("", id="foot")

    def on_mount(self) -> None:
        self.query_one("#card").focus()

    def on_resize(self) -> None:
        self._show()

    def take_news(self, message: Message) -> None:
        """A model was fetched further, or one answers."""
        self._show()

    def action_turn(self, by: int) -> None:
        if self._at + by >= len(CARDS):
            self.dismiss()
            return
        self._at = max(0, self._at + by)
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        title, paragraphs = CARDS[self._at]
        dots = Content(" ").join(
            Content.styled(self._glyphs.running if at == self._at else self._glyphs.pending, "$primary")
            for at in range(len(CARDS))
        )
        said = [
            Content.styled(title, "bold $primary"),
            *(Content.styled(each, "$foreground 85%") for each in paragraphs),
        ]
        self.query_one("#text", Static).update(Content("\n\n").join(said))
        width = max(20, self.query_one("#foot").size.width or self.size.width - 8)
        self.query_one("#told", Static).update(self._told(width))
        last = self._at + 1 == len(CARDS)
        keys = foot([("Right", "end" if last else "on"), ("Left", "back"), ("Esc", "close")], width - 12)
        gap = max(1, width - keys.cell_length - dots.cell_length)
        self.query_one("#foot", Static).update(keys + Content(" " * gap) + dots)

    def _told(self, width: int) -> Content:
        progress = self._desk.pulls.latest
        if progress is not None:
            return Content.styled(pull_text.short(progress, self._glyphs)[:width], "$primary")
        if self._desk.conversation.missing is not None:
            return Content.styled("no model yet: /setup gets one", "$warning")
        return Content("")
