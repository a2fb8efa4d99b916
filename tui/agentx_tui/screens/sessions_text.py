"""What the page of sessions says: a row for each, and what the one that is pointed at was last about. Pure."""

from datetime import datetime
from pathlib import Path

from textual.content import Content

from agentx.models.catalog import named
from agentx_tui.archive import Entry, State
from agentx_tui.card_text import summary
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line, prose
from agentx_tui.view import Answer, Card, Note, Turn, View

WIDE_ROW = 56
"""Columns from which on a row has words for its state and its turns."""
MAX_ANSWER_LINES = 14
MAX_CARDS = 6

_COLOURS: dict[State, str] = {
    "ended": "$success",
    "failed": "$error",
    "stopped": "$foreground 50%",
    "broke off": "$warning",
    "in doubt": "$warning",
    "running": "$primary",
}


def sign(state: State, glyphs: Glyphs) -> str:
    return {
        "ended": glyphs.success,
        "failed": glyphs.error,
        "stopped": glyphs.cancelled,
        "broke off": glyphs.notice,
        "in doubt": glyphs.approval,
        "running": glyphs.running,
    }[state]


def when(created: str, now: datetime) -> str:
    """The time of a session of today, the day of one of this year, else the month; at most eight characters."""
    try:
        at = datetime.fromisoformat(created).astimezone(now.tzinfo)
    except ValueError:
        return ""
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return f"{at:%b} {at.day}" if at.year == now.year else f"{at:%b %Y}"


def row(entry: Entry, width: int, now: datetime, glyphs: Glyphs, with_folder: bool = False) -> Content:
    """A session on one line of `width` columns, and where a search has found it on another."""
    is_wide = width >= WIDE_ROW
    facts: list[str] = []
    if with_folder and is_wide:
        facts.append(line(Path(entry.row.workspace).name, 16))
    if is_wide:
        facts += [entry.state] if entry.state != "ended" else []
        facts += ["fork"] if entry.parent else []
        facts.append(f"{entry.turns} {'turn' if entry.turns == 1 else 'turns'}")
    right = f"{f'  {glyphs.dot}  '.join(facts)}  {when(entry.row.created, now):>8}"
    name = line(entry.name, max(4, width - len(right) - 4)) or "(no task)"
    left = Content.assemble((f"{sign(entry.state, glyphs)} ", _COLOURS[entry.state]), (name, "$foreground"))
    gap = max(1, width - left.cell_length - Content(right).cell_length)
    told = left + Content(" " * gap) + Content.styled(right, "$foreground 50%")
    if entry.hit is None:
        return told
    where = f"{entry.hit.kind}: "
    found = line(entry.hit.excerpt, max(8, width - len(where) - 3))
    return told + Content.assemble(("\n  ", ""), (where, "$foreground 40%"), (found, "$foreground 65%"))


def facts(entry: Entry, glyphs: Glyphs, with_folder: bool = False) -> Content:
    """What stands over the preview: how the session stands, and where it comes from."""
    row = entry.row
    parts = [entry.state, line(named(row.model), 30)]
    lines = [
        Content.styled(line(entry.name, 200), "bold"),
        Content.styled(f" {glyphs.dot} ".join(filter(None, parts)), "$foreground 50%"),
        Content.styled(line(row.id, 200), "$foreground 50%"),
    ]
    if entry.parent:
        at = f" at event {row.parent_event}" if row.parent_event else ""
        lines.append(Content.styled(f"forked from {line(entry.parent, 80)}{at}", "$foreground 50%"))
    if with_folder:
        lines.append(Content.styled(line(row.workspace, 200), "$foreground 50%"))
    return Content("\n").join(lines)


def preview(view: View, glyphs: Glyphs, width: int) -> Content:
    """The turns of a view, the newest last; what is not for reading is cut to `width` columns."""
    if not view.turns:
        return Content.styled("Nothing was said in it.", "$foreground 50%")
    return Content("\n\n").join([_turn(turn, glyphs, max(20, width)) for turn in view.turns])


def _turn(turn: Turn, glyphs: Glyphs, width: int) -> Content:
    lines = [Content.assemble((f"{glyphs.user} ", "$primary"), (line(turn.task, 300), "bold $foreground"))]
    cards = [item for item in turn.items if isinstance(item, Card)]
    if len(cards) > MAX_CARDS:
        lines.append(Content.styled(f"{glyphs.ellipsis} {len(cards) - MAX_CARDS} calls before", "$foreground 45%"))
    for card in cards[-MAX_CARDS:]:
        called = line(f"{card.call.name}  {summary(card.call.arguments)}", width - 2)
        lines.append(Content.styled(f"{glyphs.of(card.status)} {called}", "$foreground 60%"))
    for item in turn.items:
        if isinstance(item, Note):
            lines.append(Content.styled(f"{glyphs.notice} {line(item.text, 200)}", "$warning"))
    answers = [item for item in turn.items if isinstance(item, Answer) and item.state != "draft"]
    if answers:
        said = prose(str(answers[-1].text)[:4_000]).strip().split("\n")
        lines += [Content(text) for text in said[:MAX_ANSWER_LINES]]
        lines += [Content.styled(glyphs.ellipsis, "$foreground 45%")] if len(said) > MAX_ANSWER_LINES else []
    elif turn.over and turn.status != "ok":
        lines.append(Content.styled(line(turn.error or turn.status.replace("_", " "), 300), "$foreground 60%"))
    return Content("\n").join(lines)
