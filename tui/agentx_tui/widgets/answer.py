"""A segment of an answer as Markdown, drawn line by line: what has not changed as it grows is not drawn again."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual
from textual.widget import Widget

from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import prose

if TYPE_CHECKING:
    from agentx_tui.markdown import Page


class AnswerBlock(Widget):
    """Laid out anew only where its height changes."""

    # Textual would lay all out once more where this changes.
    virtual_size = Reactive(Size(0, 0), repaint=False)

    def __init__(self, text: str, glyphs: Glyphs) -> None:
        super().__init__()
        self.raw = text
        self._glyphs = glyphs
        self._width = 0
        self._page: Page | None = None
        self._laid_out: list[Content] = []
        self._strips: dict[int, Strip] = {}
        self._style: Style | None = None

    async def show(self, text: str) -> None:
        if text == self.raw:
            return
        self.raw = text
        if self._page is None:
            self.refresh(layout=True)
            return
        before = self._laid_out
        now = self._laid_out = self._page.lines(prose(text))
        same = _shared(before, now)
        self._strips = {y: strip for y, strip in self._strips.items() if y < same}
        changed = Region(0, same, self._width, max(len(before), len(now)) - same)
        self.refresh(changed, layout=len(before) != len(now))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips = {}

    def _lines(self, width: int) -> list[Content]:
        if self._page is None or self._width != width:
            # Not before the first frame.
            from agentx_tui.markdown import Page

            self._width, self._page, self._strips = width, Page(self._glyphs, width), {}
            self._laid_out = self._page.lines(prose(self.raw))
        return self._laid_out

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def render_line(self, y: int) -> Strip:
        if self.text_selection is not None:
            return super().render_line(y)
        lines, style = self._lines(self.content_size.width), self.visual_style
        if style != self._style:
            self._style, self._strips = style, {}
        if y in self._strips:
            return self._strips[y]
        content = lines[y] if y < len(lines) else Content("")
        strips = Visual.to_strips(self, content, self._width, 1, style)
        # By its offsets the mouse finds what it selects.
        strip = strips[0].apply_offsets(0, y) if strips else Strip.blank(self._width, style.rich_style)
        if not self.screen._selecting:  # pyright: ignore[reportPrivateUsage] - links look like text until that is over
            self._strips[y] = strip
        return strip

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = selection.extract(self.render().plain)
        return "\n".join(line.rstrip() for line in text.split("\n")), "\n"

    @property
    def code(self) -> str:
        """The code blocks alone."""
        from agentx_tui import markdown

        return markdown.code(self.raw)


def _shared(before: list[Content], now: list[Content]) -> int:
    """How many lines at the beginning are the same."""
    same = 0
    for old, new in zip(before, now, strict=False):
        if old is not new and (old.plain != new.plain or old.spans != new.spans):
            break
        same += 1
    return same
