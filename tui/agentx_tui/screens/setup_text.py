"""What the page of the first start says: why there is no model, what can be used or fetched, and from where."""

import re

from rich.cells import set_cell_size
from textual.content import Content

from agentx.models.listing import Listed
from agentx.models.progress import megabytes
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.screens.models_text import FAINT, QUIET, VERDICTS, about
from agentx_tui.weights import Missing, Room

LOOKING = "looking…"
WHAT = (
    "AgentX works with a model on this machine; nothing that you write leaves it. "
    "Until one is here a demo answers, and all pages work."
)


def title(room: Room | None, width: int) -> Content:
    """The page's name, and what there is room for."""
    left = Content.styled("Get a model", "bold")
    if room is None:
        return left
    right = f"{about(room.memory.free)} of RAM and {about(room.disk)} of disk free"
    if not room.memory.total:
        right = f"{about(room.disk)} of disk free"
    gap = width - left.cell_length - len(right)
    return left + Content(" " * gap) + Content.styled(right, FAINT) if gap > 1 else left


def reason(missing: Missing | None) -> Content:
    """What the page is about, and what is wrong with the model that was asked for, if anything."""
    said = Content.styled(WHAT, QUIET)
    if missing is None or not missing.reason:
        return said
    return Content("\n").join([Content.styled(line(missing.reason, 600), "$warning"), said])


def choice(item: Listed, disk: int, glyphs: Glyphs, width: int) -> Content:
    """A line for a model that can be used, or fetched with this many bytes of disk free."""
    here = item.presence in ("here", "elsewhere")
    left = item.size - item.fetched
    if here:
        what, colour = f"is here, {line(item.place, 14)}", "$success"
    elif left > disk:
        what, colour = "no disk for it", "$error"
    else:
        what, colour = "to fetch" + (f", {left / item.size:.0%} left" if item.fetched else ""), QUIET
    fits, fits_colour = VERDICTS[item.verdict]
    words = {"fits": "fits the RAM", "tight": "RAM is tight", "too large": "too large"}.get(item.verdict, "")
    sign = glyphs.success if here else glyphs.down
    name = set_cell_size(line(item.name, 60), min(30, max(22, width // 3)))
    parts: list[tuple[str, str]] = [
        (f"{sign} ", "$success" if here else "$primary"),
        (f"{name} ", "bold"),
        (f"{megabytes(item.size) if item.size else '':>8}  ", QUIET),
        (f"{what:<24}" if width >= 60 else what, colour),
    ]
    if fits and width >= 70:
        parts.append((words, fits_colour))
    if item.default and width >= 90:
        parts.append(("   recommended", FAINT))
    return Content.assemble(*parts)


def sources(found: list[tuple[str, str, str | None]], glyphs: Glyphs) -> Content:
    """The sources in the order in which they are tried, each with its address and whether it answers.

    Args:
        found: name, address, and why it does not give the model: "" where it does, None while it is being asked.
    """
    rows = [Content.styled("Where it comes from, in this order", "bold $foreground 60%")]
    for number, (name, address, answer) in enumerate(found, 1):
        if answer is None:
            sign, said, colour = glyphs.pending, "asking", FAINT
        elif answer:
            sign, said, colour = glyphs.error, line(answer, 300), "$warning"
        else:
            sign, said, colour = glyphs.success, "answers", "$success"
        rows.append(Content.assemble((f"{number} ", FAINT), (f"{name}  ", "bold"), (f"{sign} {said}", colour)))
        rows.append(Content.styled(f"  {line(address, 300)}", "$primary 80%"))
    number = len(found) + 1
    rows.append(
        Content.assemble(
            (f"{number} ", FAINT), ("a file of yours  ", "bold"), ("f names it, or drop it on this page", QUIET)
        )
    )
    return Content("\n").join(rows)


def wrong_address(url: str) -> str:
    """Why this can be no mirror's address; "" where it can."""
    if re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        return ""
    return "An address begins with http:// or https:// and has no spaces."
