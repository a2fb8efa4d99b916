"""How the memory's page writes what it shows: rows, passages and progress."""

from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from agentx.shelf import Found, Held, Passage
from agentx_tui.glyphs import Glyphs
from agentx_tui.memory_desk import Adding
from agentx_tui.printable import line, prose

Item: TypeAlias = Held | Found | Passage
"""What a row stands for."""

SAYINGS = ("note", "fact")
"""Kinds that are no files, and are called by what they say."""
_WAYS = {"dense": "meaning", "lexical": "words"}
KIND_WIDTH = 8
BAR_WIDTH = 20
QUIET, FAINT = "$foreground 60%", "$foreground 45%"


def row(item: Item, width: int, glyphs: Glyphs) -> Content:
    """One line for an item, of about that many columns."""
    match item:
        case Held():
            return _held(item, width)
        case Found():
            return _found(item, width)
        case Passage():
            return _passage(item, width, glyphs)


def _held(item: Held, width: int) -> Content:
    stored = _day(item.stored)
    count = f"{item.passages:,}"
    narrow = width < 50
    right = f"{item.kind:<{KIND_WIDTH}} {count:>6}" + ("" if narrow else f"  {stored}")
    room = max(12, width - len(right) - 2)
    return _named(item.name, room) + Content.assemble("  ", (right, FAINT))


def _found(item: Found, width: int) -> Content:
    near = f"{item.similarity:5.2f}" if item.similarity is not None else "  -  "
    why = _reason(item.reason)
    room = max(12, width - 16)
    name = item.text if item.passage.kind in SAYINGS else item.passage.place
    return Content.assemble((f"{near}  ", "$primary"), _named(name, room), "  ", (f"{why:>7}", FAINT))


def _passage(item: Passage, width: int, glyphs: Glyphs) -> Content:
    place = f"{item.number:>3}  "
    heading = f" {glyphs.folded} ".join(item.heading)
    room = max(12, width - len(place))
    said = line(item.text, room if not heading else max(10, room - len(heading) - 2))
    if not heading:
        return Content.assemble((place, FAINT), said)
    return Content.assemble((place, FAINT), (line(heading, room // 2), "$primary"), "  ", (said, QUIET))


def preview(item: Item | None, glyphs: Glyphs, passages: list[Passage] | None = None) -> Content:
    """What is pointed at, in full: where it is from, under which headings, and its text."""
    if item is None:
        return Content("")
    if isinstance(item, Held):
        parts = [Content.styled(line(near_home(item.name), 300), "bold")]
        parts += [Content.styled(line(item.title, 200), "$primary")] if item.title else []
        count = f"{item.passages:,} passage{'s' if item.passages != 1 else ''}"
        about = f"{item.kind}, {count}, stored {_day(item.stored, with_time=True)}"
        parts.append(Content.styled(_strangers(item.untrusted) + about, FAINT))
        texts = [Content(prose(passage.text.strip("\n"))) for passage in (passages or [])[:3]]
        return Content("\n\n").join([Content("\n").join(parts), *texts])
    passage = item.passage if isinstance(item, Found) else item
    parts = [Content.styled(line(near_home(passage.place), 300), "bold")]
    path = [part for part in dict.fromkeys((passage.title, *passage.heading)) if part]
    if path:
        parts.append(Content.styled(line(f" {glyphs.folded} ".join(path), 300), "$primary"))
    if isinstance(item, Found):
        near = f", similarity {item.similarity:.2f}" if item.similarity is not None else ""
        parts.append(Content.styled(f"score {item.score:.4f}: {_ranks(item.reason)}{near}", FAINT))
    about = f"passage {passage.number:,} of {passage.count:,}"
    parts.append(Content.styled(_strangers(passage.untrusted) + about, FAINT))
    text = item.text if isinstance(item, Found) else passage.text
    return Content("\n\n").join([Content("\n").join(parts), Content(prose(text.strip("\n")))])


def progress(adding: Adding, glyphs: Glyphs, width: int) -> Content:
    """A bar with what is done, or what is waited for."""
    if adding.doing or not adding.total:
        return Content.assemble((f"{glyphs.running} ", "$primary"), (line(adding.doing or "adding", width - 4), QUIET))
    size = min(BAR_WIDTH, max(6, width // 4))
    full = size * adding.done // adding.total
    count = f"  {adding.done:,} of {adding.total:,}  "
    name = short(adding.name.rpartition("/")[2], max(8, width - size - len(count)))
    return Content.assemble(
        (glyphs.full * full, "$primary"),
        (glyphs.empty * (size - full), "$foreground 30%"),
        (count, QUIET),
        (name, FAINT),
    )


def _reason(reason: str) -> str:
    """Both ways of searching, or the one that has found it."""
    found = [_WAYS.get(part.split()[0], part.split()[0]) for part in reason.split(", ") if part]
    return "both" if found == ["meaning", "words"] or len(found) > 1 else "".join(found)


def _ranks(reason: str) -> str:
    """The ways of searching that have found it, in the words of the rows, each with its rank."""
    return ", ".join(" ".join(_WAYS.get(word, word) for word in part.split()) for part in reason.split(", "))


def near_home(path: str) -> str:
    """A path with `~` for the home folder."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if path == home or path.startswith(f"{home}/") else path


def short(text: str, room: int) -> str:
    """The text on one line; of a long path the end, which tells more than its beginning."""
    flat = line(near_home(text), 1_000)
    if len(flat) <= room:
        return flat
    return f"…{flat[-(room - 1) :]}" if flat.startswith(("/", "~", "http")) else f"{flat[: room - 1]}…"


def _named(text: str, room: int) -> Content:
    """A column of exactly so many cells; of a file its name, then, where there is room, its folder."""
    folder, slash, name = text.rpartition("/")
    if not text.startswith("/") or not name:
        return Content(set_cell_size(short(text, room), room))
    name = short(name, room)
    rest = room - cell_len(name)
    shown = f"  {short(f'{folder}{slash}', rest - 3)}" if rest > 12 else ""
    return Content.assemble(name, (set_cell_size(shown, max(0, rest)), FAINT))


def _strangers(untrusted: bool) -> str:
    return "text of strangers, " if untrusted else ""


def _day(stored: str, *, with_time: bool = False) -> str:
    try:
        moment = datetime.fromisoformat(stored).astimezone()
    except ValueError:
        return line(stored, 16)
    return moment.strftime("%Y-%m-%d %H:%M" if with_time else "%Y-%m-%d")
