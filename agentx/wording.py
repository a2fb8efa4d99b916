"""Texts compared by the words they are made of, so that what was copied is known again in whatever guise."""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import unquote_plus

OPENING = "\"'“”‘’«»([{<"
CLOSING = OPENING + ")]}>.,;:!?…。，、！？；：）」】"
CJK = 0x2E80
"""From this character on, scripts put no space between words."""

_NUMBER = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|(?:0|[1-9]\d*)(?:\.\d+)?")
_SCHEME = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)
_ISO_TIME = re.compile(
    r"(?<![^\s\"'(])(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?(?=[\s\"'),.;]|$)"
)
# A script that puts no space between words has pieces of two characters each.
_PIECE = re.compile(r"(?:(?![⺀-\U0003ffff])[^\W_])+|(?:(?=[⺀-\U0003ffff])\w)+")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}=*")
_MOST_READINGS = 40
_MOST_DIGITS = 40
_MOST_ITEMS = 100_000


def plain(text: str) -> str:
    """The text without case, in one form for each character, its white space single."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().replace("’", "'").split())


def texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value, names of properties among them; what is no JSON as Python shows it."""
    waiting = [value]
    for _ in range(_MOST_ITEMS):
        if not waiting:
            return
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*cast("dict[Any, Any]", item), *cast("dict[Any, Any]", item).values()]
        elif isinstance(item, list | tuple):
            waiting += cast("list[Any]", item)
        elif item is not None and not isinstance(item, bool | int | float):
            yield repr(item)
    yield "…"  # more than anybody looks through: a text that nobody has said


def tokens(text: str) -> list[str]:
    """What stands between white space, without quotation marks, brackets and the marks that end a sentence.

    >>> tokens('Send it to "Ann@x.org", please!')
    ['Send', 'it', 'to', 'Ann@x.org', 'please']
    """
    return [token for part in text.split() if (token := part.lstrip(OPENING).rstrip(CLOSING))]


def number(token: str) -> str | None:
    """A number in one form, without commas and idle zeros; None for what is no number, or a name made of digits."""
    if len(token) > _MOST_DIGITS or not _NUMBER.fullmatch(token):
        return None
    whole, _, fraction = token.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def address(token: str) -> str:
    """A token as addresses are compared: without the scheme of the web, `www.` and a last slash, the host in one case.

    >>> address("https://www.X.org/A/"), address("Ann@X.org")
    ('x.org/A', 'ann@x.org')
    """
    host, slash, rest = _SCHEME.sub("", token, count=1).partition("/")
    return f"{host.lower()}{slash}{rest}".rstrip("/")


def stands_in(piece: str, text: str) -> bool:
    """Whether a piece stands in a text by itself: not as a part of a longer word, number or address."""
    start = text.find(piece) if piece else -1
    while start >= 0:
        if _is_apart(text, start, start + len(piece)):
            return True
        start = text.find(piece, start + 1)
    return False


def _is_apart(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    first, last = text[start], text[end - 1]
    if _joined(before, first) or _joined(last, after):
        return False
    if first.isdigit() and before in tuple(".,:/-") and text[start - 2 : start - 1].isdigit():
        return False
    if last.isdigit() and after in tuple(".,:/-") and text[end + 1 : end + 2].isdigit():
        return False
    if any(mark in text[start:end] for mark in ".@/"):
        goes_on = after == "." and text[end + 1 : end + 2].isalnum()
        return not (before in tuple("._@+-%") or after in tuple("_@-%") or goes_on)
    return True


def _joined(one: str, other: str) -> bool:
    """Whether two characters belong to one word; scripts that put no space between words have none."""
    return one.isalnum() and other.isalnum() and ord(one) < CJK and ord(other) < CJK


def undated(text: str) -> str:
    """The text without dates and times of day that stand by themselves: they name nobody, and their digits count for
    no number."""
    from agentx.planner.claims import moments

    text = _ISO_TIME.sub(r"\1 \2", text)
    left: list[str] = []
    end = 0
    for moment in sorted([*moments.days(text), *moments.clocks(text)], key=lambda moment: moment.start):
        if moment.start >= end and _is_alone(text, moment.start, moment.end):
            left.append(text[end : moment.start])
            end = moment.end
    return " ".join([*left, text[end:]])


def _is_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 2]
    ends = not after or after[0].isspace() or (after[0] in CLOSING and (len(after) < 2 or after[1] in CLOSING + " \n"))
    return ends and (not before or before.isspace() or before in OPENING)


def pieces(text: str) -> list[str]:
    """The runs of letters and digits of a text, without case and accents, in order.

    >>> pieces("https://x.org/Ànn?id=7")
    ['https', 'x', 'org', 'ann', 'id', '7']
    """
    if text.isascii():
        return _PIECE.findall(text.lower())
    bare = (character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character))
    return [part for run in _PIECE.findall("".join(bare).lower()) for part in _parted(run)]


def _parted(run: str) -> list[str]:
    if ord(run[0]) < CJK or len(run) < 3:
        return [run]
    return [run[start : start + 2] for start in range(len(run) - 1)]


def readings(text: str) -> list[str]:
    """What a text may say to one who knows how it was written: turned round, shifted, or in a code for bytes."""
    found: dict[str, None] = {text: None}
    for reading in found.copy():
        for other in _others(reading):
            found[other] = None
    for reading in list(found)[1:]:
        for other in _others(reading):
            if len(found) >= _MOST_READINGS:
                return list(found)
            found[other] = None
    return list(found)


def unescaped(text: str) -> str:
    """The text without the percent signs of addresses, however often it was escaped."""
    for _ in range(len(text)):
        if text == (text := unquote_plus(text)):
            break
    return text


def _others(text: str) -> Iterator[str]:
    yield from _decoded(text)
    yield text[::-1]
    yield codecs.encode(text, "rot13")


def _decoded(text: str) -> Iterator[str]:
    for match in _RUN.finditer(text):
        for decode in _CODES:
            try:
                found = decode(match[0].rstrip("=")).decode()
            except (binascii.Error, ValueError):
                continue
            if found.isprintable() and len(found) > 2:
                yield found


_CODES: tuple[Callable[[str], bytes], ...] = (
    lambda run: base64.urlsafe_b64decode(run.replace("+", "-").replace("/", "_") + "=" * (-len(run) % 4)),
    lambda run: base64.b32decode(run.upper() + "=" * (-len(run) % 8)),
    lambda run: bytes.fromhex(run.replace("-", "")),
)
