"""How the models' page writes a model: a row of columns, and all there is to know of it."""

from rich.cells import set_cell_size
from textual.content import Content

from agentx.models.fitting import Verdict
from agentx.models.listing import USUAL_CONTEXT, Listed
from agentx.models.progress import megabytes
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.weights import Room

QUIET, FAINT = "$foreground 60%", "$foreground 45%"
WIDE, MEDIUM = 100, 60
VERDICTS: dict[Verdict, tuple[str, str]] = {
    "fits": ("fits", "$success"),
    "tight": ("tight", "$warning"),
    "too large": ("too large", "$error"),
    "unknown": ("", FAINT),
}
_NAME, _SIZE, _KIND, _CONTEXT, _FITS, _PLACE = 44, 8, 7, 5, 9, 13


def heading(width: int) -> Content:
    """The names of the columns."""
    return Content.styled("  " + _columns("model", "size", "kind", "ctx", "RAM", "where", width)[0], FAINT)


def row(item: Listed, in_use: bool, pulled: str, glyphs: Glyphs, width: int) -> Content:
    """One line for a model.

    Args:
        pulled: how far its fetching has come, such as "34%"; "" where it is not being fetched.
    """
    sign, colour = _sign(item, in_use, glyphs)
    fits, fits_colour = ("in use", "$primary") if in_use else VERDICTS[item.verdict]
    if item.problem:
        fits = ""
    elif not item.decodes:
        fits, fits_colour = "memory", FAINT
    place = pulled or (
        "not here" if item.presence == "absent" else "begun" if item.presence == "begun" else line(item.place, 40)
    )
    name, size, kind, context, fits, place = _columns(
        line(item.name, 200), megabytes(item.size), item.quantisation, tokens(item.context_tokens), fits, place, width
    )[1:]
    return Content.assemble(
        (f"{sign} ", colour),
        (name, "bold" if in_use else "" if item.presence in ("here", "elsewhere") else QUIET),
        (size, QUIET),
        (kind, QUIET),
        (context, FAINT),
        (fits, fits_colour),
        (place, "$primary" if pulled else FAINT),
    )


def detail(item: Listed, in_use: bool, room: Room, sources: list[tuple[str, str]]) -> Content:
    """All there is to know of a model.

    Args:
        sources: where it can be had, each with its name and what can be copied.
    """
    said = [Content.assemble((line(item.name, 200), "bold"), (f"  {line(item.description, 200)}", QUIET))]
    facts = [
        megabytes(item.size),
        item.quantisation,
        f"{item.context_tokens:,} tokens of context" if item.context_tokens else "",
        f"licence {line(item.licence, 60)}" if item.licence else "licence not told",
        "the default" if item.default else "",
    ]
    said.append(Content.styled(", ".join(filter(None, facts)), QUIET))
    if item.problem:
        said.append(Content.styled(line(item.problem, 400), "$error"))
    else:
        said.append(_memory(item, in_use, room))
    said.append(_where(item, in_use, room))
    if item.presence in ("absent", "begun", "damaged"):
        said += [
            Content.assemble((f"{name}: ", FAINT), (line(address, 300), "$primary 80%")) for name, address in sources
        ]
    return Content("\n").join(said)


def about(number: int) -> str:
    """A size in few digits: `491 MB`, `12.3 GB`."""
    return f"{number / 1e9:.1f} GB" if number >= 1_000_000_000 else f"{number / 1e6:.0f} MB"


def tokens(number: int | None) -> str:
    """A context's size: `32k`."""
    return "" if number is None else f"{number // 1024}k" if number >= 1024 else str(number)


def _sign(item: Listed, in_use: bool, glyphs: Glyphs) -> tuple[str, str]:
    if in_use:
        return glyphs.running, "$primary"
    return {
        "here": (glyphs.success, "$success"),
        "elsewhere": (glyphs.success, "$success"),
        "begun": (glyphs.cancelled, "$primary"),
        "absent": (glyphs.pending, FAINT),
        "damaged": (glyphs.error, "$error"),
    }[item.presence]


def _columns(name: str, size: str, kind: str, context: str, fits: str, place: str, width: int) -> list[str]:
    """The whole line and its columns, without those for which there is no room."""
    shown = {
        "size": f"{size:>{_SIZE}}  ",
        "kind": f"{kind:<{_KIND}} " if width >= 46 else "",
        "context": f"{context:>{_CONTEXT}}  " if width >= WIDE else "",
        "fits": f"{fits:<{_FITS}} " if width >= MEDIUM else "",
        "place": set_cell_size(place, _PLACE) if width >= MEDIUM + 10 else "",
    }
    taken = sum(map(len, shown.values()))
    parts = [set_cell_size(name, min(_NAME, max(10, width - taken - 3))) + " ", *shown.values()]
    return ["".join(parts), *parts]


def _memory(item: Listed, in_use: bool, room: Room) -> Content:
    if not item.decodes:
        return Content.styled("An embedder, for the memory: it finds texts by their meaning and cannot talk.", QUIET)
    need = f"Takes {about(item.needed)} of RAM with a context of {USUAL_CONTEXT:,} tokens"
    if not room.memory.total:
        return Content.styled(f"{need}; this system does not say what is free.", QUIET)
    have = f"{about(room.memory.free)} of {about(room.memory.total)} are free"
    word, colour = ("in use", "$primary") if in_use else VERDICTS[item.verdict]
    hint = {"tight": ", close other programs first", "too large": ", it would crawl or fail"}.get(item.verdict, "")
    return Content.assemble((f"{need}; {have}: ", QUIET), (f"{word}{'' if in_use else hint}", colour))


def _where(item: Listed, in_use: bool, room: Room) -> Content:
    if item.path is not None:
        return Content.styled(f"{line(item.place, 40)}: {line(str(item.path), 300)}", QUIET)
    if in_use:
        return Content.styled("Its file was deleted; it answers until AgentX ends, p fetches it again.", "$warning")
    left = max(0, item.size - item.fetched)
    begun = f"{megabytes(item.fetched)} of it are here, " if item.fetched else "Not here, "
    return Content.styled(
        f"{begun}{megabytes(left)} to fetch; {about(room.disk)} of disk are free.",
        "$error" if left > room.disk else QUIET,
    )
