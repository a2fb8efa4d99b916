"""The page of the trace: what the session did, as a waterfall of spans on one axis of time."""

import asyncio
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import Worker

from agentx import trace_layout as layout
from agentx.cli import failures
from agentx.threads import in_thread
from agentx.trace import Trace, read
from agentx_tui.conversation import Conversation
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line, prose
from agentx_tui.screens.trace_rows import TraceRows, legend
from agentx_tui.screens.trace_span import SpanPage

EMPTY = "Nothing was done yet: write a task, and how it went is here."
NOT_KEPT = "This conversation is kept in no journal, so that there is no trace of it."
LOOKING = "looking…"
FOLLOW_S = 2.0
KEYS = (
    ("up,down", "Up Down", "move", ""),
    ("left,right", "Left Right", "fold", ""),
    ("enter", "Enter", "read", "open_span"),
    ("z", "z", "zoom", "zoom"),
    ("r", "r", "again", "look"),
    ("escape,f5", "Esc", "back", "dismiss"),
)
"""Keys, how they are shown, what they do in a word, and the action where it is the page's own."""


class TracePage(ModalScreen[None]):
    """Read from the journal, beside the screen; it follows a task that is under way, and else stands still."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(keys, action, show=False) for keys, _, _, action in KEYS if action),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("left", "left", show=False),
        Binding("right", "right", show=False),
    ]

    def __init__(self, conversation: Conversation, glyphs: Glyphs, ascii_only: bool) -> None:
        super().__init__()
        self._conversation = conversation
        self._glyphs = glyphs
        self._ascii = ascii_only
        self._rows = TraceRows(glyphs, ascii_only)
        self._following: Timer | None = None
        self._reading: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="trace"):
            yield Static("", id="trace-title")
            yield Static("", id="trace-said")
            yield Static("", id="trace-axis")
            yield self._rows
            yield Static("", id="trace-figures")
            yield Static(legend(self._ascii), id="trace-legend")
            yield Static("", id="trace-keys")

    def _foot(self, width: int) -> Content:
        """The keys; where there is little room, without those that anybody would try."""
        for keys in (KEYS, KEYS[2:]):
            parts: list[Any] = []
            for _, shown, text, _ in keys:
                parts += [(shown, "bold $foreground 70%"), (f" {text}   ", "$foreground 45%")]
            foot = Content.assemble(*parts).rstrip()
            if foot.cell_length <= width:
                break
        return foot

    def on_mount(self) -> None:
        self._rows.focus()
        self._title()
        self.action_look()
        if self._conversation.busy:
            self._following = self.set_interval(FOLLOW_S, self._follow)

    def _follow(self) -> None:
        if self._reading is not None and not self._reading.is_finished:
            return  # A long session takes longer to read than that, and given up each time it would never be there.
        self.action_look()
        if not self._conversation.busy and self._following is not None:
            self._following.stop()
            self._following = None

    def action_look(self) -> None:
        """Reads the trace; what is read already is given up."""
        session_id = self._conversation.view.session_id
        if not session_id:
            self._say(EMPTY)
            return
        if not self._rows.place[1]:
            self._say(LOOKING)
        self._reading = self.run_worker(self._look(session_id), exclusive=True, exit_on_error=False)

    async def _look(self, session_id: str) -> None:
        try:
            journal: Any = await asyncio.wrap_future(self._conversation.engine.with_agent(_journal))
            if not hasattr(journal, "timed"):
                self._say(NOT_KEPT)
                return
            trace = await in_thread(lambda: read(journal, session_id), name="agentx-trace")
        except Exception as error:
            self._say(f"{self._glyphs.error} The trace cannot be read: {failures.describe(error)[0]}", failed=True)
            return
        self._show(trace)

    def _show(self, trace: Trace) -> None:
        self._rows.show(trace)
        self._say("" if trace.tasks else EMPTY)

    def _say(self, text: str, failed: bool = False) -> None:
        """A sentence in the place of the rows; "" shows the rows."""
        said = self.query_one("#trace-said", Static)
        said.display = bool(text)
        said.set_class(failed, "-error")
        said.update(Content(prose(text)))
        for name in ("#trace-axis", "TraceRows", "#trace-figures", "#trace-legend"):
            self.query_one(name).display = not text
        if not text:
            self._rows.focus()

    def on_trace_rows_pointed(self) -> None:
        self._title()
        self.query_one("#trace-axis", Static).update(self._rows.axis())
        span = self._rows.span
        if span is None:
            return
        what = [f"took {layout.elapsed(span.elapsed_s)}"] if span.kind != "mark" else []
        if span.usage and (told := layout.usage_line(span.usage)):
            what.append(told)
        elif span.about:
            what.append(line(span.about, 300))
        at = f"at {layout.elapsed(span.start)}"
        self.query_one("#trace-figures", Static).update(
            Content.assemble(
                (line(span.name, 60), "bold"),
                (f"  {at}  ", "$foreground 45%"),
                ("  ".join(what), "$foreground 75%"),
            )
        )

    def _title(self) -> None:
        view = self._conversation.view
        turns = view.turns
        at, count = self._rows.place
        zoomed = self._rows.zoomed
        told = f"{at}/{count}" if count else ""
        if zoomed is not None:
            told = f"zoomed to {line(zoomed.name, 30)}   {told}"
        width = max(self.size.width - 4, 20)
        left = Content.assemble(
            ("Trace", "bold $primary"),
            (f"  {line(turns[0].task, 200)}" if turns else "", "$foreground 75%"),
        ).truncate(max(width - len(told) - 2, 5), ellipsis=True)
        gap = " " * max(1, width - left.cell_length - len(told))
        self.query_one("#trace-keys", Static).update(self._foot(width))
        self.query_one("#trace-title", Static).update(left + Content(gap) + Content.styled(told, "$foreground 50%"))

    def on_resize(self) -> None:
        self.call_after_refresh(self.on_trace_rows_pointed)

    def on_trace_rows_opened(self) -> None:
        self.action_open_span()

    def action_open_span(self) -> None:
        if (span := self._rows.span) is not None:
            self.app.push_screen(SpanPage(span, self._conversation, self._glyphs))

    def action_move(self, by: int) -> None:
        self._rows.move(by)

    def action_page(self, by: int) -> None:
        self._rows.page(by)

    def action_left(self) -> None:
        self._rows.left()

    def action_right(self) -> None:
        self._rows.right()

    def action_zoom(self) -> None:
        self._rows.zoom()


async def _journal(agent: Any) -> Any:
    return agent.open_journal()
