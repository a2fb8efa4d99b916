"""Text of models, tools and strangers as a widget may hold it: nothing in it is in force."""

import re

from agentx.cli.text import visible

MAX_LINE_CHARACTERS = 2_000
"""Of a line of output; the result itself is kept whole."""

_JOINER = "\u200d"
_ANSI = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\-_])")


def prose(text: str) -> str:
    """What a model or a person wrote: line ends as they are, tabs as spaces, controls as pictures."""
    if _JOINER in text:
        # It joins emoji into one picture, whose width no two terminals agree on.
        text = "".join(sign for at, sign in enumerate(text) if sign != _JOINER or not _in_picture(text, at))
    return visible(text).expandtabs(4)


def _in_picture(text: str, at: int) -> bool:
    around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
    return len(around) == 2 and all(ord(sign) >= 0x2190 for sign in around)


def output(text: str) -> str:
    """What a program printed: its colours are taken off, lines that it overwrote are gone, long ones are cut."""
    return "\n".join(_clipped(visible(_last_written(each)).expandtabs(4)) for each in _ANSI.sub("", text).split("\n"))


def argument(text: str) -> str:
    """What a call is about, which a person is to see before they allow it: nothing is taken off, long lines are cut."""
    return "\n".join(map(_clipped, prose(text).split("\n")))


def line(text: str, limit: int = 400) -> str:
    """The text on one line of at most `limit` characters."""
    # Not the whole of a megabyte for a few hundred characters.
    flat = " ".join(visible(text[: limit * 8]).split())
    return flat if len(flat) <= limit and len(text) <= limit * 8 else f"{flat[: limit - 1]}…"


def _last_written(text: str) -> str:
    """Of a line that was written over and over, as progress bars are, what a person would see in the end."""
    return text.rstrip("\r").rpartition("\r")[2] if "\r" in text else text


def _clipped(text: str) -> str:
    rest = len(text) - MAX_LINE_CHARACTERS
    return text if rest <= 0 else f"{text[:MAX_LINE_CHARACTERS]}… ({rest:,} more characters)"
