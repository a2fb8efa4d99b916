"""Patterns that a model writes, compiled by RE2: whatever the pattern, the time it takes grows with the text alone.

A regular expression means what it means to Python, but for look-around and back-references, which no such engine has,
and for `\\b`, which knows ASCII letters only.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from agentx.errors import ToolError

# What Python's escapes mean in RE2, inside brackets and outside.
_SPACE = r"\t-\r\x1c-\x20\x{85}\pZ"
_NO_SPACE = (
    r"\x00-\x08\x0e-\x1b\x21-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"
    r"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}"
)
# All but letters and numbers, and of the signs that join words all but `_`.
_NO_WORD = (
    r"\pM\pS\pZ\pC\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\x{203f}\x{2040}\x{2054}\x{fe33}\x{fe34}\x{fe4d}-\x{fe4f}\x{ff3f}"
)
_INSIDE = {
    r"\w": r"\pL\pN_",
    r"\W": _NO_WORD,
    r"\d": r"\p{Nd}",
    r"\D": r"\P{Nd}",
    r"\s": _SPACE,
    r"\S": _NO_SPACE,
}
_OUTSIDE = {
    **{escape: f"[{meaning}]" for escape, meaning in _INSIDE.items()},
    r"\W": r"[^\pL\pN_]",
    r"\A": "^",
    r"\Z": "$",
}
_PIECE = re.compile(r"\\u[\da-fA-F]{4}|\\U[\da-fA-F]{8}|\\.|\{,\d*\}|\[:\^?\w+:\]|\[\^?\]?|.", re.DOTALL)
_GLOB_PIECE = re.compile(r"\*\*/|\*+|\[[!^]?\]?[^\]/]*\]|\{[^{}]*\}|.", re.DOTALL)
_UNKNOWN = ("invalid perl operator", "bad named group", "invalid group")


class LinePattern:
    """A regular expression that is looked for line by line.

    Raises:
        ToolError: it is empty or cannot be read; the sentence says where.
    """

    def __init__(self, pattern: str, ignore_case: bool = False, argument: str = "pattern") -> None:
        if not pattern:
            raise ToolError("The pattern is empty; write what is to be found.", argument=argument)
        self._regex = _compiled(f"(?m){_as_re2(pattern)}", pattern, argument, ignore_case)

    def lines(self, text: bytes) -> Iterator[tuple[int, int, str]]:
        """Each line of a UTF-8 text that matches, as its number from 1, the character where the match begins, and its
        text."""
        number, counted, place = 1, 0, 0
        while place < len(text) and (found := self._regex.search(text, place)):
            match: int = found.start()
            begin = text.rfind(b"\n", 0, match) + 1
            if begin >= len(text):
                return
            end = text.find(b"\n", match)
            end = len(text) if end < 0 else end
            number += text.count(b"\n", counted, begin)
            counted, place = begin, end + 1
            yield number, len(text[begin:match].decode("utf-8", "ignore")), text[begin:end].decode("utf-8", "replace")


def path_pattern(glob: str, argument: str = "pattern") -> Callable[[str], bool]:
    """Whether a path matches a glob: `*`, `?`, `[ab]`, `{a,b}`, and `**` for any folders; without `/` it is the name's.

    Raises:
        ToolError: it is empty, or a bracket of it makes no sense.
    """
    glob = glob.strip().removeprefix("./")
    if not glob:
        raise ToolError("The glob is empty; write one such as *.py or src/**/*.md.", argument=argument)
    if glob.startswith("/") or ".." in glob.split("/"):
        sentence = "A glob is relative to the folder, without .. or a / at its start; name another folder."
        raise ToolError(sentence, argument=argument)
    anywhere = "" if "/" in glob else "(?:.*/)?"
    regex = _compiled(f"(?s)\\A{anywhere}{_glob_regex(glob)}\\z", glob, argument)
    return lambda path: regex.search(path.encode("utf-8", "replace")) is not None


def wants_hidden(glob: str) -> bool:
    """Whether a glob names something hidden."""
    return any(part.startswith(".") and part.strip(".") for part in glob.split("/"))


def _compiled(regex: str, shown: str, argument: str, ignore_case: bool = False) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_nl = regex.startswith("(?m)")
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(regex.encode("utf-8"), options)
    except UnicodeEncodeError:
        sentence = "The pattern holds half of a surrogate pair, which no text holds; leave it out."
        raise ToolError(sentence, argument=argument) from None
    except re2.error as error:
        raise ToolError(_sentence(error, shown), argument=argument) from None


def _sentence(error: Exception, pattern: str) -> str:
    """What is wrong with the pattern, and where."""
    told: Any = error.args[0]
    reason, _, piece = (told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)).partition(": ")
    place = pattern.find(piece) if piece else -1
    with suppress(OverflowError, RecursionError):
        try:
            re.compile(pattern)
        # Python knows the place better, where it refuses the pattern too.
        except re.error as error:
            reason, place, piece = error.msg, -1 if error.pos is None else error.pos, ""
    where = f" at character {place + 1} (`{pattern[place : place + (len(piece) or 1)][:40]}`)" if place >= 0 else ""
    return f"The pattern cannot be read{where}: {reason}; {_hint(reason, piece)}."


def _hint(reason: str, piece: str) -> str:
    if reason in _UNKNOWN or re.match(r"\\[1-9]", piece):
        return "look-around and back-references are not known here"
    if reason == "invalid escape sequence":
        return "this escape is not known here, write the sign itself"
    return "a \\ makes a sign literal"


def _as_re2(pattern: str) -> str:
    """The pattern with Python's meaning of its escapes, which RE2 reads as ASCII or not at all."""
    read: list[str] = []
    inside = False
    pieces: list[str] = _PIECE.findall(pattern)
    for piece in pieces:
        if inside:
            bracket = piece.startswith("[") and not piece.startswith("[:")
            read.append(f"\\{piece}" if bracket else _INSIDE.get(piece) or _by_number(piece))
            inside = not (piece == "]" or (bracket and piece.endswith("]")))
        elif piece.startswith("["):
            read.append(piece.replace("]", r"\]"))
            inside = True
        else:
            # Without a number before the comma RE2 takes it for text.
            read.append(f"{{0{piece[1:]}" if piece.startswith("{,") else _OUTSIDE.get(piece) or _by_number(piece))
    return "".join(read)


def _by_number(piece: str) -> str:
    """`\\u00e9` as RE2 writes it; other pieces as they are."""
    return f"\\x{{{piece[2:]}}}" if re.match(r"\\[uU]", piece) and len(piece) > 2 else piece


def _glob_regex(glob: str) -> str:
    return "".join(map(_glob_piece, _GLOB_PIECE.findall(glob)))


def _glob_piece(piece: str) -> str:
    if piece == "**/":
        return "(?:[^/]+/)*"
    if piece.startswith("*"):
        return ".*" if len(piece) > 1 else "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 1 and piece.startswith("["):
        inverse = "^/" if piece[1] in "!^" else ""
        body = piece[2:-1] if inverse else piece[1:-1]
        return "[" + inverse + re.sub(r"[\\\[\]^&~|]", r"\\\g<0>", body) + "]"
    if len(piece) > 1 and piece.startswith("{"):
        return "(?:" + "|".join(_glob_regex(choice) for choice in piece[1:-1].split(",")) + ")"
    return re.escape(piece)
