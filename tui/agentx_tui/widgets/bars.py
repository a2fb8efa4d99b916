"""The lines at the top and at the bottom. Both have a fixed size: what they say changes without any layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from agentx_tui import keymap
from agentx_tui import status as st
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.status import NO_MODEL

if TYPE_CHECKING:
    from agentx.cli.setup import Setup
    from agentx_tui.view import View

WIDE, MEDIUM = 120, 60


class HeadBar(Widget):
    """Which folder, which model, which mode."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._workspace, self._model, self._mode = Path.cwd(), "", ""

    def set_up(self, setup: "Setup") -> None:
        self._workspace = setup.workspace
        self.refresh(layout=False)

    def show(self, view: "View", mode: str) -> None:
        if (view.model and view.model != self._model) or mode != self._mode:
            self._model, self._mode = view.model or self._model, mode
            self.refresh(layout=False)

    def render(self) -> RenderResult:
        width = self.content_size.width
        dot = f" {self._glyphs.dot} "
        colour = {"full": "$warning", "read-only": "$success"}.get(self._mode, "$foreground 60%")
        model = "bold $background on $warning" if self._model == NO_MODEL else "$foreground 60%"
        said = [(line(self._model, max(10, width // 3)), model), (self._mode, colour)]
        right = Content.styled(dot, "$foreground 60%").join(Content.styled(*part) for part in said if part[0])
        left = Content.assemble(
            (f"{self._glyphs.brand} ", "$primary"),
            ("AgentX", "bold"),
            (f"  {line(self._workspace.name or str(self._workspace), max(8, width // 3))}", "$foreground 60%"),
        )
        gap = max(1, width - left.cell_length - right.cell_length)
        return left + Content(" " * gap) + right


class StatusBar(Widget):
    """What is going on, and what it costs."""

    def __init__(self, glyphs: Glyphs, keys: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        names = keymap.names(keys)
        self._help, self._palette = f"{names['help']} keys", f"{names['palette'].replace('Ctrl+', '^')} palette"
        self._view: View | None = None
        self._status = st.Status(loading="starting")
        self._frame = 0
        self._last = Content("")

    def show(self, view: "View", status: st.Status) -> None:
        # What stands here must not be drawn again while nothing changes: a view is another with each word.
        self._view, self._status = view, status
        said = self._said()
        if said.plain != self._last.plain or said.spans != self._last.spans:
            self._last = said
            self.refresh(layout=False)

    def tick(self) -> None:
        self._frame += 1

    def render(self) -> RenderResult:
        return self._said()

    def _said(self) -> Content:
        width, wide, glyphs = self.content_size.width, self.app.size.width, self._glyphs
        between = Content.styled(f" {glyphs.dot} ", "$foreground 35%")
        parts = self._parts(self._view, wide) if self._view else [(f"{glyphs.running} starting", "$foreground 80%")]
        left = between.join([Content.styled(text, style) for text, style in parts])
        hints = f"{self._help} {glyphs.dot} {self._palette}" if wide >= WIDE else self._help if wide >= MEDIUM else ""
        gap = width - left.cell_length - len(hints)
        return left + Content(" " * gap) + Content.styled(hints, "$foreground 45%") if gap > 1 else left

    def _parts(self, view: "View", wide: int) -> list[tuple[str, str]]:
        """What there is to tell of a conversation, each with its style."""
        width, status, glyphs = self.content_size.width, self._status, self._glyphs
        used, fraction = st.context(view, glyphs, bar=wide >= MEDIUM)
        read, made = st.speeds(view.step_usage)
        parts: list[tuple[str, str]] = [
            (self._doing(view), "$foreground 80%" if view.busy or status.loading else "$foreground 60%")
        ]
        if status.elapsed_s is not None:
            parts.append((st.clock(status.elapsed_s), "$foreground 60%"))
        if status.pulling:
            parts.append((line(status.pulling, max(16, width // 2)), "$primary"))
        if used:
            colour = "$error" if fraction >= st.FULL_AT else "$warning" if fraction >= st.WARN_AT else "$foreground 60%"
            parts.append((used, colour))
        parts += [(text, "$foreground 60%") for text in ((read, made) if wide >= WIDE else (made,)) if text]
        if wide >= WIDE and status.ram_bytes:
            parts.append((f"RAM {st.gigabytes(status.ram_bytes)}", "$foreground 60%"))
        return parts

    def _doing(self, view: "View") -> str:
        text = line(st.doing(view, self._status), 60)
        if not (view.busy or self._status.loading):
            return text
        spins = self._frame and view.phase not in ("approval", "asking")
        sign = self._glyphs.spinner[self._frame % len(self._glyphs.spinner)] if spins else self._glyphs.running
        return f"{sign} {text}"
