"""Lays a trace out as a waterfall: rows of a tree, bars on one axis of time, figures in columns. Knows no terminal."""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from agentx.messages import Usage
from agentx.trace import PartKind, Span, Trace

WIDE, MEDIUM = 108, 70
"""Columns from which on there is room for all figures, and for some."""

SIGNS: dict[PartKind, str] = {"whole": "─", "read": "░", "write": "█", "tool": "▄", "wait": "·"}
ASCII_SIGNS: dict[PartKind, str] = {"whole": "-", "read": ":", "write": "#", "tool": "=", "wait": "."}
"""What a bar is drawn with, told apart without colours."""

LEGEND: dict[PartKind, str] = {"read": "reads", "write": "writes", "tool": "tool", "wait": "waits for you"}

ELAPSED_CELLS = 7
_STEPS = (1.0, 2.0, 5.0)
_LONG_STEPS = (60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0)
_TICK_CELLS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One span of the tree; `folded` is None where there is nothing to fold."""

    span: Span
    depth: int
    folded: bool | None


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time (seconds) that the axis shows."""

    start: float
    end: float

    def place(self, at: float, cells: int) -> float:
        """How many of `cells` cells that time is from the left; below 0 or beyond `cells` outside of the window."""
        return (at - self.start) / max(self.end - self.start, 1e-9) * cells


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of numbers: its head, its width in cells, and its text for a usage."""

    head: str
    width: int
    text: Callable[[Usage], str]


@dataclass(frozen=True, slots=True)
class Columns:
    """How many cells the parts of a line take, one cell between each two."""

    label: int
    bar: int
    figures: tuple[Figure, ...]
    elapsed: int


def thousands(number: int) -> str:
    """`812`, `3.1k`, `131k`; "" for none, since most fields of a waterfall are empty."""
    if number < 1_000:
        return str(number) if number else ""
    if number < 999_500:
        return f"{number / 1_000:.1f}k" if number < 99_950 else f"{number / 1_000:.0f}k"
    return f"{number / 1_000_000:.1f}M"


_ALL = (
    Figure("read", 6, lambda usage: thousands(usage.prompt_tokens + usage.probe_tokens)),
    Figure("reused", 6, lambda usage: thousands(usage.reused_tokens)),
    Figure("forced", 6, lambda usage: thousands(usage.forced_tokens)),
    Figure("sampled", 7, lambda usage: thousands(usage.sampled_tokens)),
    Figure("drafted", 8, lambda usage: drafted(usage)),
)
_SOME = (_ALL[0], _ALL[1], Figure("made", 6, lambda usage: thousands(usage.output_tokens)))


def drafted(usage: Usage) -> str:
    """`8/12`: of 12 guessed tokens 8 came to be the output."""
    if not usage.drafted_tokens:
        return ""
    return f"{thousands(usage.accepted_tokens) or '0'}/{thousands(usage.drafted_tokens)}"


def columns(width: int) -> Columns:
    """The columns of a line of so many cells."""
    figures = _ALL if width >= WIDE else _SOME if width >= MEDIUM else ()
    rest = width - 1 - ELAPSED_CELLS - sum(1 + figure.width for figure in figures)
    label = min(max(rest * 11 // 20, min(16, max(rest - 5, 4))), 52)
    return Columns(label, max(rest - label - 1, 4), figures, ELAPSED_CELLS)


def rows(trace: Trace, folded: Collection[str]) -> list[Row]:
    """The spans that are to be seen, where those whose keys are `folded` hide what is below them."""
    found: list[Row] = []

    def add(span: Span, depth: int) -> None:
        is_folded = span.key in folded
        found.append(Row(span, depth, is_folded if span.children else None))
        for child in () if is_folded else span.children:
            add(child, depth + 1)

    for task in trace.tasks:
        add(task, 0)
    return found


def bar(span: Span, window: Window, cells: int) -> list[tuple[PartKind, int, int]]:
    """The parts of a span's bar: kind, first cell, number of cells. A span in the window has one cell at least."""
    if span.end < window.start or span.start > window.end:
        return []
    found: list[tuple[PartKind, int, int]] = []
    for part in span.parts:
        start = min(max(round(window.place(part.start, cells)), 0), cells)
        end = min(max(round(window.place(part.end, cells)), 0), cells)
        if end > start:
            found.append((part.kind, start, end - start))
    if not found and span.parts:
        longest = max(span.parts, key=lambda part: part.end - part.start)
        found.append((longest.kind, min(max(math.floor(window.place(span.start, cells)), 0), cells - 1), 1))
    return found


def axis(window: Window, cells: int) -> str:
    """The times at the head of the bars, each beginning where it stands for."""
    length = window.end - window.start
    step = _step(length, max(cells // (_TICK_CELLS if length < 3600 else 2 * _TICK_CELLS), 1))
    text, free = [" "] * cells, 0
    tick = math.ceil(window.start / step - 1e-9)
    while (at := window.place(tick * step, cells)) < cells:
        label, place = moment(tick * step, step), round(at)
        if free <= place <= cells - len(label):
            text[place : place + len(label)] = label
            free = place + len(label) + 1
        tick += 1
    return "".join(text)


def _step(length: float, ticks: int) -> float:
    """A round number of seconds of which about so many fit into the length."""
    wanted = max(length / ticks * 0.75, 1e-3)
    if wanted > 50:
        return next((step for step in _LONG_STEPS if step >= wanted), math.ceil(wanted / 3600) * 3600.0)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next((power * step for step in _STEPS if power * step >= wanted), power * 10)


def moment(at: float, step: float) -> str:
    """`0s`, `0.25s`, `1:30`, `12:05.2`: as exact as the steps of the axis need."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if step < 60 and at < 600:
        return f"{at:.{digits}f}s"
    whole, _, fraction = f"{at:.{digits}f}".partition(".")
    return f"{clock(int(whole))}.{fraction}" if fraction else clock(at)


def clock(seconds: float) -> str:
    """`0:07`, `12:05`, `1:02:05`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def elapsed(seconds: float) -> str:
    """`4ms`, `0.12s`, `12.4s`, `2:05`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    return f"{seconds:.1f}s" if seconds < 99.95 else clock(seconds)


def usage_line(usage: Usage) -> str:
    """The figures of a request in words, for those of its numbers that are not 0."""
    read = f"read {usage.prompt_tokens:,}" + (f" in {elapsed(usage.prompt_s)}" if usage.prompt_s else "")
    made = f"sampled {usage.sampled_tokens:,}" + (f" in {elapsed(usage.decode_s)}" if usage.decode_s else "")
    parts = [
        (usage.prompt_tokens, read),
        (usage.reused_tokens, f"reused {usage.reused_tokens:,}"),
        (usage.probe_tokens, f"probed {usage.probe_tokens:,}"),
        (usage.forced_tokens, f"forced {usage.forced_tokens:,}"),
        (usage.sampled_tokens, made),
        (usage.masked_tokens, f"masked {usage.masked_tokens:,}"),
        (usage.drafted_tokens, f"drafted {usage.drafted_tokens:,}, accepted {usage.accepted_tokens:,}"),
    ]
    return ", ".join(text for number, text in parts if number)


def lines(trace: Trace, width: int, clean: Callable[[str, int], str], ascii_only: bool = False) -> Iterator[str]:
    """The whole waterfall as plain text.

    Args:
        clean: makes one line of at most so many characters of a text that a model or a tool wrote.
    """
    layout, window = columns(width), Window(0.0, trace.end)
    signs, end = (ASCII_SIGNS, "~") if ascii_only else (SIGNS, "…")
    heads = [figure.head.rjust(figure.width) for figure in layout.figures]
    yield " ".join([" " * layout.label, axis(window, layout.bar), "took".rjust(layout.elapsed), *heads]).rstrip()
    for row in rows(trace, ()):
        span = row.span
        status = f" [{span.status}]" if span.status else ""
        label = f"{clean(span.name, 60)}{status}  {clean(span.about, 200)}"
        drawn = [" "] * layout.bar
        for kind, start, cells in bar(span, window, layout.bar):
            drawn[start : start + cells] = signs[kind] * cells
        took = "" if span.kind == "mark" else elapsed(span.elapsed_s)
        figures = [(figure.text(span.usage) if span.usage else "").rjust(figure.width) for figure in layout.figures]
        yield " ".join(
            [fitted("  " * row.depth + label, layout.label, end), "".join(drawn), took.rjust(layout.elapsed), *figures]
        ).rstrip()


def fitted(text: str, cells: int, end: str) -> str:
    """The text in exactly so many cells; one that is cut has `end` as its last sign."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - 1) + end
