"""Beside the conversation: what `agentx_tui.sidebar_text` says of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from agentx_tui.glyphs import Glyphs

if TYPE_CHECKING:
    from agentx_tui.view import View


class Sidebar(Static):
    """Drawn anew only where what it says has changed."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self._glyphs = glyphs
        self._last: Content | None = None

    def show(self, view: "View", queue: Sequence[str]) -> None:
        from agentx_tui import sidebar_text

        content = sidebar_text.content(view, queue, self._glyphs)
        if self._last is None or content.plain != self._last.plain:
            self._last = content
            self.update(content)
