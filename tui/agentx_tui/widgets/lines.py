"""The blocks of the transcript that are plain text: the person's words, thoughts, drafts, notes, how a turn ended."""

from textual.content import Content
from textual.widgets import Static

from agentx_tui.blocks import End
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line, prose
from agentx_tui.view import Note

USER_LINES = 24
WRITING_LINES = 8


class TextBlock(Static):
    """A block whose `raw` text is what copying it gives."""

    def __init__(self, value: object, glyphs: Glyphs) -> None:
        super().__init__("")
        self.glyphs = glyphs
        self.raw = ""
        self.code = ""
        self.value = value
        self.folded = True

    def on_mount(self) -> None:
        self.update(self.content_of(self.value))

    async def show(self, value: object) -> None:
        self.value = value
        self.update(self.content_of(value))

    def set_folded(self, folded: bool) -> None:
        self.folded = folded
        self.update(self.content_of(self.value))

    def content_of(self, value: object) -> Content:
        raise NotImplementedError


class UserBlock(TextBlock):
    """What the person said; a long text is folded."""

    def content_of(self, value: object) -> Content:
        self.raw = str(value)
        shown = prose(self.raw).split("\n")
        if not self.folded or len(shown) <= USER_LINES:
            return Content("\n".join(shown))
        rest = f"{self.glyphs.ellipsis} {len(shown) - USER_LINES:,} more lines"
        return Content("\n".join(shown[:USER_LINES])) + Content.styled(f"\n{rest}", "dim")


class ThoughtBlock(TextBlock):
    """One line of thought."""

    def content_of(self, value: object) -> Content:
        self.raw = str(value)
        return Content(f"{self.glyphs.thought} {prose(self.raw)}")


class WritingBlock(TextBlock):
    """The end of a call that is being written."""

    def content_of(self, value: object) -> Content:
        self.raw = str(value)
        return Content("\n".join(prose(self.raw[-4_000:]).rstrip("\n").split("\n")[-WRITING_LINES:]))


class DraftBlock(TextBlock):
    """An answer that the agent thought better of, on one line unless it is unfolded."""

    def content_of(self, value: object) -> Content:
        self.raw = str(value)
        sign = self.glyphs.folded if self.folded else self.glyphs.unfolded
        text = line(self.raw, 90) if self.folded else prose(self.raw)
        return Content(f"{sign} draft: {text}")


class NoteBlock(TextBlock):
    """A notice of the run, or what a critique found."""

    def content_of(self, value: object) -> Content:
        assert isinstance(value, Note)
        self.raw = value.text
        self.set_class(value.kind == "error", "-error")
        return Content(f"{self.glyphs.notice} {prose(value.text)}")


class EndBlock(TextBlock):
    """How a turn ended that did not simply end well."""

    def content_of(self, value: object) -> Content:
        assert isinstance(value, End)
        self.raw = value.error or ", ".join(value.unverified)
        self.set_class(value.status not in ("ok", "interrupted"), "-error")
        if value.status == "interrupted":
            return Content(f"{self.glyphs.cancelled} stopped; what was said so far stays")
        if value.status == "ok":
            return Content(f"{self.glyphs.notice} nothing seen so far supports: {line(self.raw, 300)}")
        return Content(f"{self.glyphs.error} {value.status.replace('_', ' ')}: {prose(value.error)}")
