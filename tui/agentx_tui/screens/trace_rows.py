"""The waterfall itself: the rows that fit are drawn, whatever there is above and below them."""

from typing import Any

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from agentx import trace_layout as layout
from agentx.trace import Kind, PartKind, Span, Trace
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line

_BARS: dict[PartKind, str] = {
    "whole": "$foreground 28%",
    "read": "$secondary",
    "write": "$primary",
    "tool": "$success 80%",
    "wait": "$warning 80%",
}
_NAMES: dict[Kind, str] = {
    "task": "bold",
    "step": "$foreground 70%",
    "reply": "$primary",
    "probe": "$secondary",
    "call": "$success",
    "fold": "$accent",
    "agent": "bold",
    "load": "$foreground 70%",
    "mark": "$warning",
}
_INDENT = 2


class TraceRows(Widget, can_focus=True):
    """Shows a trace; one of its rows is pointed at."""

    class Pointed(Message):
        """Another span is pointed at, or the rows are others."""

    class Opened(Message):
        """The span that is pointed at was clicked once more."""

    def __init__(self, glyphs: Glyphs, ascii_only: bool) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._signs = layout.ASCII_SIGNS if ascii_only else layout.SIGNS
        self._trace = Trace("")
        self._rows: list[layout.Row] = []
        self._folded: set[str] = set()
        self._at = 0
        self._top = 0
        self.zoomed: Span | None = None

    @property
    def span(self) -> Span | None:
        """The span that is pointed at."""
        return self._rows[self._at].span if self._rows else None

    @property
    def place(self) -> tuple[int, int]:
        """Which row is pointed at, from 1, and of how many."""
        return (self._at + 1 if self._rows else 0), len(self._rows)

    @property
    def window(self) -> layout.Window:
        if self.zoomed is not None:
            return layout.Window(self.zoomed.start, max(self.zoomed.end, self.zoomed.start + 1e-3))
        return layout.Window(0.0, max(self._trace.end, 1e-3))

    def show(self, trace: Trace) -> None:
        """Shows a trace anew: what was folded, zoomed and pointed at stays so, where it is still there."""
        at = self.span
        if self._trace.session_id != trace.session_id or not self._trace.tasks:
            # What is of interest is the latest task.
            self._folded = {task.key for task in trace.tasks[:-1]}
            at = trace.tasks[-1] if trace.tasks else None
        zoomed = self.zoomed.key if self.zoomed else ""
        self._trace = trace
        self.zoomed = next((span for span in trace.walk() if span.key == zoomed), None)
        self._fold(self._folded, at)

    def _fold(self, folded: set[str], at: Span | None) -> None:
        self._folded = folded
        self._rows = layout.rows(self._trace, folded)
        keys = [row.span.key for row in self._rows]
        self._point(keys.index(at.key) if at is not None and at.key in keys else 0)

    def _point(self, at: int) -> None:
        self._at = min(max(at, 0), max(len(self._rows) - 1, 0))
        height = max(self.size.height, 1)
        self._top = min(max(self._top, self._at - height + 1), self._at)
        self._top = max(0, min(self._top, len(self._rows) - height))
        self.refresh()
        self.post_message(self.Pointed())

    def move(self, by: int) -> None:
        self._point(self._at + by)

    def page(self, by: int) -> None:
        self.move(by * max(1, self.size.height - 1))

    def left(self) -> None:
        """Folds the span, or goes to the one that it is in."""
        if not self._rows:
            return
        row = self._rows[self._at]
        if row.folded is False:
            self._fold(self._folded | {row.span.key}, row.span)
            return
        above = (at for at in range(self._at - 1, -1, -1) if self._rows[at].depth < row.depth)
        self._point(next(above, self._at))

    def right(self) -> None:
        """Unfolds the span, or goes to the first in it."""
        if not self._rows:
            return
        row = self._rows[self._at]
        if row.folded:
            self._fold(self._folded - {row.span.key}, row.span)
        elif row.folded is False:
            self.move(1)

    def zoom(self) -> None:
        """Gives the whole axis to the span; once more, to all."""
        same = self.zoomed is not None and self.span is not None and self.zoomed.key == self.span.key
        self.zoomed = None if same else self.span
        self._point(self._at)

    def on_resize(self) -> None:
        self._point(self._at)

    def on_click(self, event: events.Click) -> None:
        at = self._top + event.y
        if at >= len(self._rows):
            return
        if at == self._at:
            self.post_message(self.Opened())
        self._point(at)

    def on_mouse_scroll_down(self) -> None:
        self.move(3)

    def on_mouse_scroll_up(self) -> None:
        self.move(-3)

    def axis(self) -> Content:
        """The line above the rows, which is theirs by its columns."""
        columns = layout.columns(self.content_size.width)
        heads = [figure.head.rjust(figure.width) for figure in columns.figures]
        parts = [" " * columns.label, layout.axis(self.window, columns.bar), "took".rjust(columns.elapsed), *heads]
        return Content.styled(" ".join(parts), "$foreground 45%")

    def render(self) -> Content:
        columns = layout.columns(self.content_size.width)
        shown = self._rows[self._top : self._top + max(self.size.height, 1)]
        return Content("\n").join(
            [self._drawn(row, columns, at == self._at) for at, row in enumerate(shown, self._top)]
        )

    def _drawn(self, row: layout.Row, columns: layout.Columns, is_at: bool) -> Content:
        span = row.span
        took = "" if span.kind == "mark" else layout.elapsed(span.elapsed_s)
        figures = [(figure.text(span.usage) if span.usage else "").rjust(figure.width) for figure in columns.figures]
        parts = [
            self._label(row, columns.label),
            self._bar(span, columns.bar),
            Content.styled(took.rjust(columns.elapsed), "$foreground 80%"),
            *([Content.styled(" ".join(figures), "$foreground 55%")] if figures else []),
        ]
        drawn = Content(" ").join(parts)
        # A line that wraps would move all below it from where a click looks for them.
        drawn = drawn.truncate(self.content_size.width, pad=True)
        return drawn.stylize("on $primary 18%") if is_at else drawn

    def _label(self, row: layout.Row, cells: int) -> Content:
        span, glyphs = row.span, self._glyphs
        sign = " " if row.folded is None else glyphs.folded if row.folded else glyphs.unfolded
        indent = min(row.depth * _INDENT, max(cells - 14, 0))
        failed = span.status not in ("", "open")
        name = line(span.about, 200) if span.kind in ("task", "agent") else line(span.name, 60)
        parts: list[Any] = [
            (" " * indent, ""),
            (f"{sign} ", "$foreground 40%"),
            ("agent: " if span.kind == "agent" else "", "$foreground 55%"),
            (name, "$error" if failed and span.kind == "call" else _NAMES[span.kind]),
            (f"  {span.status}" if span.status else "", "$error" if failed else "$foreground 55%"),
            ("" if span.kind in ("task", "agent") else f"  {line(span.about, 200)}", "$foreground 50%"),
        ]
        label = Content.assemble(*parts)
        return label.truncate(cells, ellipsis=True, pad=True)

    def _bar(self, span: Span, cells: int) -> Content:
        parts: list[Any] = []
        place = 0
        failed = span.status not in ("", "open")
        for kind, start, length in layout.bar(span, self.window, cells):
            style = "$error" if failed and kind == "tool" else _BARS[kind]
            parts += [(" " * (start - place), ""), (self._signs[kind] * length, style)]
            place = start + length
        return Content.assemble(*parts, (" " * (cells - place), ""))


def legend(ascii_only: bool) -> Content:
    """What the parts of the bars mean."""
    signs = layout.ASCII_SIGNS if ascii_only else layout.SIGNS
    parts: list[Any] = []
    for kind, text in layout.LEGEND.items():
        parts += [(signs[kind] * 2, _BARS[kind]), (f" {text}  ", "$foreground 50%")]
    return Content.assemble(*parts)
