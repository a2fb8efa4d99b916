"""A tool call as a card: a title that stays one line, and a body that is folded by default where it is long."""

import time
from pathlib import Path

from textual.app import ComposeResult, RenderResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from agentx.messages import ToolResult
from agentx_tui import card_text, pictures
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.view import Card

_STYLES: dict[card_text.RowKind, str] = {
    "label": "$foreground 45%",
    "text": "$foreground 85%",
    "argument": "$foreground 75%",
    "live": "$foreground 75%",
    "error": "$error",
    "added": "$success on $success 12%",
    "removed": "$error on $error 12%",
    "hunk": "$secondary",
    "same": "$foreground 70%",
}
_SIGNS = {"added": "+ ", "removed": "- ", "same": "  "}
_COLOURS = {
    "pending": "$foreground 60%",
    "approval": "$warning",
    "question": "$warning",
    "running": "$primary",
    "success": "$success",
    "error": "$error",
    "rejected": "$warning",
    "cancelled": "$foreground 55%",
    "timed-out": "$error",
}
_WORDS = {"approval": "waits for you", "question": "asks you"}


class CardHead(Widget):
    """One line of fixed size, so that its clock costs no layout."""

    def __init__(self, card: Card, glyphs: Glyphs) -> None:
        super().__init__()
        self.card = card
        self.folded = True
        self.frame = 0
        self._glyphs = glyphs
        self._since = time.monotonic()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def show(self, card: Card) -> None:
        if card.status == "running" and self.card.status != "running":
            self._since = time.monotonic()
        self.card = card
        self.refresh()

    def tick(self) -> None:
        self.frame += 1
        self.refresh(layout=False)

    def render(self) -> RenderResult:
        card, glyphs, width = self.card, self._glyphs, self.content_size.width
        sign = glyphs.of(card.status)
        if card.status == "running":
            sign = glyphs.spinner[self.frame % len(glyphs.spinner)] if self.frame else glyphs.running
        name = line(card.call.name, 40)
        meta = self._meta()
        fold = glyphs.folded if self.folded else glyphs.unfolded
        room = max(0, width - len(name) - len(meta) - 8)
        told = line(card_text.summary(card.call.arguments), max(room, 1)) if room > 3 else ""
        left = Content.assemble(
            (f"{fold} ", "$foreground 40%"),
            (f"{sign} ", _COLOURS[card.status]),
            (name, "bold"),
            ("  ", ""),
            (told, "$foreground 65%"),
        )
        gap = max(1, width - left.cell_length - len(meta))
        return left + Content(" " * gap) + Content.styled(meta, "$foreground 50%")

    def _meta(self) -> str:
        card = self.card
        parts = ["edited"] if card.edited else []
        if card.status in _WORDS:
            parts.append(_WORDS[card.status])
        elif card.status == "running":
            parts.append(card_text.elapsed(time.monotonic() - self._since) if self.frame else "")
        elif card.result is not None:
            parts += [card_text.size(card)] if card.status == "success" else [card.status]
            parts.append(card_text.elapsed(card.result.elapsed_s) if card.result.elapsed_s >= 0.05 else "")
        return "  ".join(filter(None, parts))


class CardBlock(Vertical):
    """The card in the transcript.

    Args:
        workspace: where the pictures are that the call names; "" for nowhere.
    """

    def __init__(self, card: Card, glyphs: Glyphs, workspace: str) -> None:
        super().__init__()
        self.card = card
        self.folded = True
        self._workspace = workspace
        self.code = ""
        self.head = CardHead(card, glyphs)
        self._body = Static("", classes="body")
        self._pictured: ToolResult | None = None

    @property
    def raw(self) -> str:
        """What copying the card gives: the result, or the call where there is none yet."""
        result = self.card.result
        return (result.full_text or result.text) if result else str(self.card.call)

    def compose(self) -> ComposeResult:
        yield self.head
        yield self._body

    def on_mount(self) -> None:
        self._draw()

    async def show(self, card: Card) -> None:
        self.card = card
        self.head.show(card)
        self._draw()

    def set_folded(self, folded: bool) -> None:
        self.folded = folded
        self._draw()

    def on_click(self) -> None:
        if not self.screen.get_selected_text():
            self.set_folded(not self.folded)

    def _draw(self) -> None:
        rows = card_text.body(self.card, self.folded)
        self.head.folded = self.folded and (not rows or self.card.waits)
        self.head.refresh()
        self._body.display = bool(rows)
        lines = [Content.styled(_SIGNS.get(row.kind, "") + row.text, _STYLES.get(row.kind, "")) for row in rows]
        self._body.update(Content("\n").join(lines))
        result = self.card.result
        if result is not None and result is not self._pictured:
            self._pictured = result
            if self._workspace and pictures.named(result):
                self.call_later(self._show_pictures, result)

    async def _show_pictures(self, result: ToolResult) -> None:
        from agentx_tui.widgets.picture import Pictures, way_of

        found = Pictures(way_of(self.app))
        await self.query(Pictures).remove()
        await self.mount(found)
        found.show(Path(self._workspace), result)
