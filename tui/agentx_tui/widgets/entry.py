"""Where a choice of the dock has the person write something, which is seen there for what it is."""

import re

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from agentx.cli.text import visible, visible_json

ENTRY_ROWS = 3, 12
"""The fewest and the most that an entry takes, border included."""
_JOINER = re.compile("([\u200c\u200d])")
_SIGN = re.compile(r"\\.|.", re.DOTALL)
"""One sign of JSON, with the backslash before it: a quote behind one ends no string."""


class Entry(TextArea):
    """A line or more that a choice asks for."""

    class Entered(Message):
        """The person is done."""

    class Left(Message):
        """The person thinks better of it."""

    def __init__(self) -> None:
        super().__init__(compact=True, highlight_cursor_line=False, id="entry")
        # A screen begins with the first widget that can have the focus, and what was typed before would go there.
        self.can_focus = False
        self.cursor_blink = False
        self._is_json = False

    def begin(self, wanted: str, text: str, is_json: bool) -> None:
        """Has the person write on in a text.

        Args:
            wanted: what they are to write.
        """
        self._is_json = is_json
        self.border_title = wanted
        self.border_subtitle = "Enter to say so · Esc back"
        self.display = True
        self.load_text(text)
        self.move_cursor(self.document.end)
        self.can_focus = True
        self.focus()

    async def _on_key(self, event: events.Key) -> None:
        # Not as bindings that go first: those overtake letters that were typed before them.
        if event.key == "enter":
            self.post_message(self.Entered())
        elif event.key == "escape":
            self.post_message(self.Left())
        elif event.key in ("ctrl+j", "shift+enter", "alt+enter"):
            self.insert("\n")
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()

    def on_resize(self) -> None:
        # What is fitted into few rows still shows where the person writes.
        self.call_after_refresh(self.scroll_cursor_visible)

    def fit(self, rows: int) -> int:
        """Takes as many as there are, if they are wanted; those that it takes."""
        fewest, most = ENTRY_ROWS
        wanted, gap = self.wrapped_document.height + self.gutter.height, self.styles.margin.height
        taken = min(wanted, most, max(fewest, rows - gap))
        self.styles.max_height = taken
        return taken + gap

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if self._is_json:
            written = _pasted_json(text, self.document.get_text_range((0, 0), min(self.selection)))
        else:  # what joins letters or pictures belongs to them; what would be in force does not
            written = "".join(part if _JOINER.match(part) else visible(part) for part in _JOINER.split(text))
        self.replace(written, *self.selection)


def _pasted_json(text: str, before: str) -> str:
    """A piece of JSON with nothing unseen in it, which means the same; outside of its strings a tab is but a gap.

    Args:
        before: what the piece is put behind, which may have begun a string.
    """
    in_string = _SIGN.findall(before).count('"') % 2 == 1
    written: list[str] = []
    for sign in _SIGN.findall(text):
        in_string ^= sign == '"'
        written.append(sign if sign == "\t" and not in_string else visible_json(sign))
    return "".join(written)
