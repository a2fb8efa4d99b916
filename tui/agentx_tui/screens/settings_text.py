"""How the settings' page writes what it shows."""

from collections.abc import Iterable

from rich.cells import set_cell_size
from textual.content import Content

from agentx.policy import MEANINGS
from agentx_tui.conversation import CONVERSATION
from agentx_tui.printable import line
from agentx_tui.screens.memory_text import near_home
from agentx_tui.settings_rows import TITLES, Row

NAME_WIDTH, ORIGIN_WIDTH, MAX_VALUE = 20, 12, 56
QUIET, FAINT = "$foreground 60%", "$foreground 45%"


def grouped(rows: Iterable[Row]) -> list[Row | str]:
    """The rows, with the name of its group before the first of each."""
    listed: list[Row | str] = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            listed.append(group)
        listed.append(row)
    return listed


def title(path: str, width: int) -> Content:
    """The name of the page, and where what is set here is kept, if there is room for all of it."""
    shown = near_home(path)
    shown = shown if len(shown) <= width - len("Settings") - 3 else ""
    gap = " " * max(1, width - len("Settings") - len(shown))
    return Content.assemble(("Settings", "bold"), gap, (shown, FAINT))


def head(group: str) -> Content:
    return Content.styled(TITLES.get(group, group), "bold $primary")


def row(item: Row, width: int, waits: str) -> Content:
    """One line: the name, the value, and where that is from or what it waits for."""
    room = min(MAX_VALUE, max(6, width - NAME_WIDTH - ORIGIN_WIDTH - 5))
    value = set_cell_size(_clipped(item.shown, room), room)
    is_set = item.origin != "default"
    last = waits or item.origin
    return Content.assemble(
        (f"  {set_cell_size(_clipped(item.name, NAME_WIDTH - 1), NAME_WIDTH)}", "" if not item.fixed else QUIET),
        (f" {value}  ", "bold" if is_set and not item.fixed else QUIET),
        (_clipped(last, ORIGIN_WIDTH), "$warning" if waits else FAINT),
    )


def about(item: Row, waits: str) -> Content:
    """What a setting is, what it may be, where its value is from, and from when on a change counts."""
    lines = [Content.assemble((item.name, "bold"), (f"  {item.about}", QUIET))]
    lines.append(Content.styled(f"{line(item.expected, 200)}", FAINT))
    if item.fixed:
        lines.append(Content.styled(line(item.fixed, 300), "$warning"))
    elif waits:
        lines.append(Content.styled(f"It was changed and waits for the {waits}.", "$warning"))
    else:
        when = {"": "at once", CONVERSATION: "from the next new conversation on"}.get(
            item.waits, "from the next start on"
        )
        now = " Shift+Tab changes that of this conversation." if item.key == "mode" else ""
        lines.append(Content.styled(f"A change counts {when}.{now}", FAINT))
    return Content("\n").join(lines)


def choice(item: Row, name: str, width: int) -> Content:
    """One of the values that a setting may have, with what it means where that can be told."""
    meaning = MEANINGS.get(name, "").rstrip(".") if item.key == "mode" else ""
    return Content.assemble((f" {line(name, 60):<12}", ""), (line(meaning, max(4, width - 14)), FAINT))


def _clipped(text: str, room: int) -> str:
    return line(text, max(2, room))
