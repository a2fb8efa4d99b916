"""What a tool card says: its title, what stands at its right, and its body, as lines told apart by kind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from agentx_tui import diffs
from agentx_tui.printable import argument, line, output
from agentx_tui.view import Card

SHORT_LINES = 6
"""A result of no more lines is shown without being asked for; a diff may have four times as many."""
LIVE_LINES = 8
MAX_BODY_LINES = 2_000

RowKind: TypeAlias = Literal["label", "text", "argument", "live", "error", "added", "removed", "hunk", "file", "same"]


@dataclass(frozen=True, slots=True)
class Row:
    kind: RowKind
    text: str


def summary(arguments: Mapping[str, Any]) -> str:
    """The arguments on one line: a first text as it is, the others with their names."""
    parts: list[str] = []
    for at, (name, value) in enumerate(arguments.items()):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        short = line(text, 80)
        parts.append(short if at == 0 and isinstance(value, str) else f"{line(name, 40)}={short}")
    return "  ".join(parts)


def is_long(card: Card) -> bool:
    """Whether the card is folded unless somebody unfolds it."""
    if card.result is None:
        return False
    found = diffs.find(card.result.text)
    length = len(card.result.text.rstrip().split("\n"))
    return length > (4 * SHORT_LINES if found else SHORT_LINES) or len(card.result.text) > 1_200


def size(card: Card) -> str:
    """How much there is of the result: `+2 -1`, `142 lines`, or nothing where that is plain to see."""
    if card.result is None:
        return ""
    if found := diffs.find(card.result.text):
        added, removed = diffs.count(found[1])
        return f"+{added} -{removed}"
    lines = len(card.result.text.rstrip().split("\n"))
    return f"{lines} lines" if lines > 1 else ""


def elapsed(seconds: float) -> str:
    """`0.1s`, `12s`, `2:05`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    return f"{seconds:.0f}s" if seconds < 59.5 else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def body(card: Card, folded: bool) -> list[Row]:
    """The lines under the title."""
    if card.waits:
        return [] if folded and not card.live else _waiting(card, folded)
    assert card.result is not None
    rows = [] if folded else _arguments(card)
    if folded and is_long(card):
        return rows
    if card.reason and card.status == "rejected" and card.reason not in card.result.text:
        rows.append(Row("error", output(card.reason)))
    text = card.result.text if folded else (card.result.full_text or card.result.text)
    rows += _result(text, card.status == "success", labelled=bool(rows))
    return rows if len(rows) <= MAX_BODY_LINES else [*rows[:MAX_BODY_LINES], Row("label", "the rest is left out here")]


def _waiting(card: Card, folded: bool) -> list[Row]:
    rows = [] if folded else _arguments(card)
    if card.question:
        rows.append(Row("label", output(card.question)))
    live = [text for chunk in card.live for text in output(chunk).split("\n")]
    return rows + [Row("live", text) for text in (live[-LIVE_LINES:] if folded else live)]


def _arguments(card: Card) -> list[Row]:
    """Only what does not stand in the title as a whole."""
    rows: list[Row] = []
    for name, value in card.call.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        if "\n" in text or len(text) > 60:
            rows.append(Row("label", line(name, 60)))
            rows += [Row("argument", each) for each in argument(text.rstrip("\n")).split("\n")]
    return rows


def _result(text: str, ok: bool, labelled: bool) -> list[Row]:
    rows: list[Row] = [Row("label", "result")] if labelled else []
    if found := diffs.find(text):
        head, lines = found
        rows += [Row("text", each) for each in output(head).split("\n")] if head else []
        return rows + [Row(each.kind, output(each.text)) for each in lines if each.kind != "file"]
    shown = output(text.strip("\n"))
    return rows + [Row("text" if ok else "error", each) for each in shown.split("\n")] if shown.strip() else []
