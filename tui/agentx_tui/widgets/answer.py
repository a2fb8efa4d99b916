"""A segment of an answer as Markdown; text that is appended is parsed from its last block on only."""

from markdown_it import MarkdownIt
from textual.widgets import Markdown

from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import prose


def _parser() -> MarkdownIt:
    # HTML is text here: Textual would leave it out.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class AnswerBlock(Markdown):
    """Not fed through `Markdown.get_stream`: whoever calls `show` waits for it, so that pieces gather there anyway."""

    def __init__(self, text: str, glyphs: Glyphs) -> None:
        super().__init__(prose(text), parser_factory=_parser, open_links=False)
        self.BULLETS = [f"{glyphs.bullet} "]
        self.raw = text

    async def show(self, text: str) -> None:
        """Shows the text; costs what is new where it only goes on."""
        if text == self.raw:
            return
        # A picture that a piece cuts in two (a joiner, a line end) is made from the whole.
        before, after = prose(self.raw), prose(text)
        self.raw = text
        if after.startswith(before):
            await self.append(after[len(before) :])
        else:
            await self.update(after)

    @property
    def code(self) -> str:
        """The code blocks alone."""
        tokens = _parser().parse(self.raw)
        return "\n".join(token.content for token in tokens if token.type in ("fence", "code_block")).rstrip("\n")
