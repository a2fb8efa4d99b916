"""Replaces one piece of a text, exactly, and shows the change."""

import difflib
import io
import re

from agentx.errors import ToolError

_SHOWN_CHARACTERS = 120
_COMPARED_CHARACTERS = 1_000_000
_CONTEXT_LINES = 2


def replace_once(text: str, old: str, new: str, name: str) -> str:
    """The text with its only occurrence of `old` replaced.

    A line end in `old` matches whatever line end the text has, and those of `new` become the text's own: a model
    is shown, and writes, `\\n` only.

    Raises:
        ToolError: `old` is empty or equal to `new`, is not there, or is there more than once.
    """
    if not old:
        sentence = "The text to replace is empty; give a piece of the file, or write the file with write_file."
        raise ToolError(sentence, argument="old")
    pattern = _pattern(old)
    # Looking ahead finds occurrences that overlap, which are as ambiguous as any.
    starts = [match.start() for match in re.finditer(f"(?={pattern})", text)]
    if not starts:
        raise ToolError(f"`{name}` does not hold that text; {_nearest(text, old)}.", argument="old")
    if len(starts) > 1:
        lines = ", ".join(str(text.count("\n", 0, start) + 1) for start in starts[:8])
        sentence = f"That text stands {len(starts)} times in `{name}` (lines {lines}); give more of the text around it."
        raise ToolError(sentence, argument="old")
    if old == new:
        raise ToolError("The old and the new text are the same; there is nothing to change.", argument="new")
    return re.sub(pattern, lambda _: with_line_end(new, line_end(text)), text, count=1)


def holds(text: str, piece: str) -> bool:
    """True if the piece stands in the text, whatever the line ends."""
    return re.search(_pattern(piece), text) is not None


def line_end(text: str) -> str:
    """The line end that the text mostly has; `\\n` where it has none."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def with_line_end(text: str, end: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", end)


def lines_of(text: str) -> list[str]:
    """Lines with their ends. Only `\n` ends one, as in editors: `str.splitlines` ends lines at form feeds, too."""
    return list(io.StringIO(text))


def unified_diff(before: str, after: str, name: str) -> str:
    """The change as a unified diff with two lines of context."""
    old, new = (lines_of(with_line_end(text, "\n")) for text in (before, after))
    # Comparing takes far longer than what it grows with, so that what is the same on both ends is left out of it.
    head = _common(old, new)
    tail = _common(old[: head - 1 if head else None : -1], new[: head - 1 if head else None : -1])
    start, kept = max(head - _CONTEXT_LINES, 0), max(tail - _CONTEXT_LINES, 0)
    lines = difflib.unified_diff(
        old[start : len(old) - kept], new[start : len(new) - kept], f"a/{name}", f"b/{name}", n=_CONTEXT_LINES
    )
    unended = "\n\\ No newline at end of file\n"
    shown = (_moved(line, start) if line.startswith("@@") else line for line in lines)
    return "".join(line if line.endswith("\n") else f"{line}{unended}" for line in shown).removesuffix("\n")


def _common(first: list[str], second: list[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(first), len(second)))


def _moved(header: str, lines: int) -> str:
    """The header of a hunk of a text that begins so many lines later."""
    return re.sub(r"(?<=[-+])\d+", lambda number: str(int(number[0]) + lines), header, count=2)


def _pattern(piece: str) -> str:
    # Of an end `\r\n` no part matches by itself: a piece that begins with an end would stand there twice.
    return re.escape(piece.replace("\r\n", "\n")).replace("\\\n", r"(?:\r\n|(?<!\r)\n)")


def _nearest(text: str, old: str) -> str:
    if len(text) > _COMPARED_CHARACTERS:
        return "read the file and copy the old text from it"
    wanted = next((line.strip() for line in old.splitlines() if line.strip()), "")
    lines = {line.strip(): number for number, line in reversed(list(enumerate(lines_of(text), 1))) if line.strip()}
    close = difflib.get_close_matches(wanted, lines, n=1, cutoff=0.4)
    if not close:
        return "read the file and copy the old text from it"
    return f"the nearest line is {lines[close[0]]}: `{close[0][:_SHOWN_CHARACTERS]}`, copy the old text exactly"
