"""A segment of an answer as Markdown, drawn as one piece of text."""

from textual.content import Content
from textual.geometry import Size
from textual.reactive import Reactive
from textual.selection import Selection
from textual.widget import Widget

from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import prose


class AnswerBlock(Widget):
    """Laid out anew only where its height changes."""

    # Textual would lay all out once more where this changes.
    virtual_size = Reactive(Size(0, 0), repaint=False)

    def __init__(self, text: str, glyphs: Glyphs) -> None:
        super().__init__()
        self.raw = text
        self._glyphs = glyphs
        self._laid_out: tuple[int, list[Content]] = (0, [])

    async def show(self, text: str) -> None:
        if text != self.raw:
            width, before = self._laid_out
            self.raw, self._laid_out = text, (0, [])
            self.refresh(layout=not width or len(self._lines(width)) != len(before))

    def _lines(self, width: int) -> list[Content]:
        if self._laid_out[0] != width:
            # Not before the first frame.
            from agentx_tui import markdown

            self._laid_out = width, markdown.Page(self._glyphs, width).lines(prose(self.raw))
        return self._laid_out[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = selection.extract(self.render().plain)
        return "\n".join(line.rstrip() for line in text.split("\n")), "\n"

    @property
    def code(self) -> str:
        """The code blocks alone."""
        from agentx_tui import markdown

        return markdown.code(self.raw)
