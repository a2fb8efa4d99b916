"""The text that a passage was taken from, at the passage; it is read only."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea
from textual.widgets.text_area import Selection

from agentx.cli import failures
from agentx.shelf import Source
from agentx.threads import in_thread
from agentx_tui.printable import line, prose
from agentx_tui.screens import foot


class SourcePage(ModalScreen[None]):
    """Scrolled and copied from; closed by Esc or q.

    Args:
        read: gives the text; called in a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f3", "dismiss", show=False)]

    def __init__(self, read: Callable[[], Source]) -> None:
        super().__init__()
        self._read = read

    def compose(self) -> ComposeResult:
        yield Static("", id="title")
        area = TextArea("", read_only=True, soft_wrap=False, show_line_numbers=True, compact=True)
        area.cursor_blink = False
        yield area
        yield Static("looking…", id="told")
        yield Static("", id="foot")

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()
        self.run_worker(self._show(), exit_on_error=False)

    def on_resize(self) -> None:
        keys = [("Up Down", "scroll"), ("Ctrl+C", "copy what is selected"), foot.ESC]
        self.query_one("#foot", Static).update(foot.foot(keys, self.scrollable_content_region.width))

    async def _show(self) -> None:
        told = self.query_one("#told", Static)
        try:
            source = await in_thread(self._read, name="agentx-memory")
        except Exception as error:
            told.set_class(True, "-wrong")
            told.update(Content(line(failures.describe(error)[0], 600)))
            return
        self.query_one("#title", Static).update(Content.styled(line(source.name, 300), "bold"))
        area = self.query_one(TextArea)
        area.line_number_start = source.first
        area.load_text("\n".join(" ".join(prose(each).splitlines()) for each in source.lines))
        first, last = (number - source.first for number in source.marked)
        area.selection = Selection((last, len(area.document.get_line(last))), (first, 0))
        area.scroll_to(y=max(0, first - 3), animate=False)
        told.set_class(bool(source.notice), "-note")
        told.update(Content(line(source.notice, 300)))
