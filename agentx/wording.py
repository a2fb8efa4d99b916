"""Texts compared by the words they are made of, so that what was copied is known again in whatever guise."""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, cast
from urllib.parse import unquote_plus

_WORD = re.compile(r"[^\w\s]*\d+(?:[.,]\d+)+(?=[^\w\s]*(?:\s|$))|[^\s,;]+")
_NUMBER = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_ENDS = re.compile(r"^\W+|\W+$")
_TIME_OF_DATE = re.compile(r"(?<=\d)T(?=\d\d:)|(?<=:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)\b")
_PIECE = re.compile(r"[^\W_]+")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}=*")
_LONGEST_READ = 10_000
"""Characters of a text of which other readings are tried."""


def plain(text: str) -> str:
    """The text without case, in one form for each character."""
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def words(value: Any) -> Iterator[str]:
    """The words of a JSON value: numbers, dates and addresses are one each.

    >>> list(words({"to": "Ann@x.org, Bo", "sum": 4.0}))
    ['to', 'ann@x.org', 'bo', 'sum', '4']
    """
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield from words(key)
            yield from words(item)
    elif isinstance(value, list | tuple):
        for item in cast("list[Any]", value):
            yield from words(item)
    elif isinstance(value, str):
        for match in _WORD.finditer(value):
            if word := _ENDS.sub("", match[0]):
                yield number(word) or address(word)
    elif value is not None and not isinstance(value, bool):
        yield number(str(value)) or str(value)


def number(word: str) -> str | None:
    """A number in one form, whatever its separators and zeros; None for another word."""
    if not _NUMBER.fullmatch(word):
        return None
    return f"{Decimal(word.replace(',', '')).normalize():f}"


def address(word: str) -> str:
    """A word in the form in which addresses are compared: without a scheme and a last slash."""
    return re.sub(r"^https?://", "", plain(word)).rstrip("/")


def undated(text: str) -> str:
    """The text without its dates and times of day: they name nobody, and their digits are no numbers of their own."""
    from agentx.planner.claims import moments

    text = _TIME_OF_DATE.sub(" ", text)
    for moment in sorted([*moments.days(text), *moments.clocks(text)], key=lambda moment: -moment.start):
        text = f"{text[: moment.start]} {text[moment.end :]}"
    return text


def pieces(text: str) -> list[str]:
    """The runs of letters and digits of a text, without case, in order.

    >>> pieces("https://x.org/Ann?id=7")
    ['https', 'x', 'org', 'ann', 'id', '7']
    """
    return _PIECE.findall(plain(text))


def readings(text: str, depth: int = 2) -> Iterator[str]:
    """What a text may say to one who knows how it was written: turned round, shifted, or in a code for bytes."""
    text = text[:_LONGEST_READ]
    others = {text[::-1], codecs.encode(text, "rot13"), *_decoded(text)} - {text}
    for other in others:
        yield other
        if depth > 1:
            yield from readings(other, depth - 1)


def unescaped(text: str) -> str:
    """The text without the percent signs of addresses, however often it was escaped."""
    for _ in range(3):
        text = unquote_plus(text)
    return text


def _decoded(text: str) -> Iterator[str]:
    for match in _RUN.finditer(text):
        run = match[0].rstrip("=")
        for decode in _CODES:
            try:
                found = decode(run).decode()
            except (binascii.Error, ValueError):
                continue
            if found.isprintable() and len(found) > 2:
                yield found


_CODES: tuple[Callable[[str], bytes], ...] = (
    lambda run: base64.urlsafe_b64decode(run.replace("+", "-").replace("/", "_") + "=" * (-len(run) % 4)),
    lambda run: base64.b32decode(run.upper() + "=" * (-len(run) % 8)),
    bytes.fromhex,
)
