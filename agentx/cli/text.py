"""Text of models, tools and strangers on its way to a terminal: never markup, never control."""

import json
import os
import re
from typing import TextIO

# C0 but tab and newline, DEL, C1, and the characters that reorder or hide text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


# What a terminal would carry out (CSI and OSC after ECMA-48), or else a lone control character.
_IN_FORCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\n]*(?:\x07|\x1b\\)"
    r"|[\0-\x08\x0b-\x1f\x7f-\x9f]"
)


def without_controls(text: str) -> str:
    """What a person has typed or pasted, without control characters but tab and newline: nobody means those, and
    whoever prints the text later would carry them out."""
    return _IN_FORCE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def visible(text: str) -> str:
    """The text with each control character shown as a picture or an escape, none in force."""
    return _CONTROL.sub(_picture, text.replace("\r\n", "\n"))


def visible_json(text: str) -> str:
    """JSON with each character that is not seen, or not as what it is, written as its escape, which means the same."""
    return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line of at most `limit` characters, nothing in force."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError, OSError):
        return False


def has_colour(stream: TextIO) -> bool:
    """Whether ANSI colours may be written there; `NO_COLOR` forbids them."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
