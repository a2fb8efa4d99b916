"""Reads an answer into its claims, each piece of text once: addresses, quotations, days, codes, figures, then names."""

import re
from collections.abc import Callable, Iterator

from agentx.planner.claims import figures, lists, moments
from agentx.planner.claims.claim import (
    Claim,
    ClockClaim,
    DayClaim,
    DigitsClaim,
    FigureClaim,
    TextClaim,
    WeekdayClaim,
    WordsClaim,
)
from agentx.planner.claims.names import names
from agentx.planner.claims.words import folded

_FILLER = "\ufffc"

_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_MARKS = re.compile(r"`|^[ \t]*\d{1,3}[.)](?=\s)|\b(?:step|option)\s+\d+", re.MULTILINE | re.IGNORECASE)
_JSON_KEY = re.compile(r'"(?:[^"\\]|\\.)*"\s*:')
_JSON_MARK = re.compile(r'\\[nrtbf"\\/]|"')

_ADDRESS = re.compile(r"https?://[^\s<>\"'`)\]]+[^\s<>\"'`)\].,;:!?]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PATH = re.compile(r"(?<![\w/])(?:~|\.{1,2})?/?[\w@+-][\w.@+-]*(?:/[\w.@+-]+)+/?|(?<![\w/])/[\w.@+-]+/?")
_EXTENSIONS = "txt md csv tsv json jsonl toml yaml yml ini cfg log py js ts html css xml sql sh pdf png jpg zip gz db"
_FILE_NAME = re.compile(
    rf"(?<![\w.])[\w-]+(?:\.[\w-]+)*\.(?:{'|'.join(_EXTENSIONS.split())})(?!\w)|(?<!\w)[\w-]*_[\w.-]*\.\w{{1,5}}(?!\w)",
    re.IGNORECASE,
)
_QUOTE = re.compile(
    r"\"([^\"\n]{2,300})\"|“([^”\n]{2,300})”|„([^“”\n]{2,300})[“”]|«([^»\n]{2,300})»|‘([^’\n]{2,300})’(?!\w)"
    r"|(?<![\w'’])'([^'\n]{2,300})'(?![\w])"
)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?(?![\w:.])")
_ELLIPSIS = re.compile(r"\[?(?:\.\.\.|…)\]?")
_NUMBERED = re.compile(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w])")
_DIALLED = re.compile(r"(?<![\w.])\+?(?:\(\d+\)|\d)[\d ()/\u2010-\u2015-]{5,}\d(?!\w)")
_CODE = re.compile(r"(?<![\w#-])#?[\w]+(?:[-_.][\w]+)*(?![\w-])")
_MEASURE = re.compile(rf"\d[\d.,]*(?:[eE][+-]?\d+|-?(?:{figures.UNIT})|[a-zA-Z]{{1,4}}|(?:-[a-zA-Z]+)+)")


def claims_of(answer: str, *, typed: bool = False) -> list[Claim]:
    """The claims of an answer in the order of their places; of one that is JSON (`typed`), those of its values."""
    return sorted(_Reader(answer, typed).claims(), key=lambda claim: claim.start)


class _Reader:
    def __init__(self, answer: str, typed: bool) -> None:
        self._answer = answer
        self._left = answer
        self._typed = typed

    def claims(self) -> Iterator[Claim]:
        if self._typed:
            self._blank(_JSON_KEY)
            self._blank(_JSON_MARK, " ")
        else:
            self._blank(_CODE_BLOCK)
            self._blank(_MARKS, " ")
        yield from self._take(_ADDRESS, _address)
        yield from self._take(_PATH, _path)
        yield from self._take(_FILE_NAME, _path)
        if not self._typed:
            yield from self._take(_QUOTE, _quotation)
        yield from self._moments()
        yield from self._take(_NUMBERED, lambda match: TextClaim(*match.span(), match[0], is_figure=True))
        yield from self._take(_CODE, _code)
        yield from self._take(_DIALLED, _dialled)
        yield from self._figures()
        for name in names(self._left):
            text = self._left[name.start : name.end]
            if name.firm:
                yield WordsClaim(name.start, name.end, text, name.firm)
            else:
                yield WordsClaim(name.start, name.end, text, name.words, tentative=True)

    def _moments(self) -> Iterator[Claim]:
        for day in moments.days(self._left):
            yield DayClaim(day)
            # A schema may ask for a time where only the day is known.
            midnight = _MIDNIGHT.match(self._left, day.end) if self._typed else None
            self._hide(day.start, midnight.end() if midnight else day.end)
        for start, end, number in moments.weekdays(self._left, short=False):
            if self._left[start].isupper():
                yield WeekdayClaim(start, end, number)
                self._hide(start, end)
        for clock in moments.clocks(self._left):
            yield ClockClaim(clock)
            self._hide(clock.start, clock.end)

    def _figures(self) -> Iterator[Claim]:
        text = self._left
        for figure in figures.stated(text):
            following = re.findall(r"[^\W\d_]{3,}", re.split(r"[.!?:;,\n(]", text[figure.end : figure.end + 60])[0])
            counted = tuple(folded(word) for word in following[:3])
            listed = set[int]()
            if figure.count or figure.parts:
                listed = lists.listed_after(self._answer, figure.end)
                if counted or figure.unit:  # "tea, milk and eggs are 3 things", not "tea, milk and eggs came to 3"
                    listed |= lists.listed_before(self._answer, figure.start)
            yield FigureClaim(figure, frozenset(listed), counted)
            self._hide(figure.start, figure.end)

    def _take(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], Claim | None]) -> Iterator[Claim]:
        for match in pattern.finditer(self._left):
            if claim := read(match):
                yield claim
                self._hide(claim.start, claim.end)

    def _blank(self, pattern: re.Pattern[str], by: str = _FILLER) -> None:
        self._left = pattern.sub(lambda match: by * len(match[0]), self._left)

    def _hide(self, start: int, end: int) -> None:
        """What was read is out of the way; the end of a sentence stays, so that what follows still begins one."""
        last = self._left[end - 1] if self._left[end - 1] in ".!?" else _FILLER
        self._left = f"{self._left[:start]}{_FILLER * (end - start - 1)}{last}{self._left[end:]}"


def _address(match: re.Match[str]) -> Claim:
    bare = re.sub(r"^https?://(?:www\.)?", "", match[0]).rstrip("/")
    return TextClaim(*match.span(), bare)


def _path(match: re.Match[str]) -> Claim | None:
    text = match[0].rstrip(".")
    names = [name for name in text.split("/") if name not in ("", ".", "..", "~")]
    if not names or not re.search(r"[^\W\d_]", text):
        return None
    # `and/or` and `km/h` are no paths.
    if not (re.search(r"[\d_]", text) or "." in names[-1] or len(names) > 2 or text.startswith(("~", ".", "/"))):
        return None
    # A path from the root is as good as its last part: what stands before it is this machine's.
    parts = names[-1:] if text.startswith(("/", "~")) else names
    return TextClaim(match.start(), match.start() + len(text), text.removeprefix("./").rstrip("/"), tuple(parts))


def _quotation(match: re.Match[str]) -> Claim | None:
    text = next(group for group in match.groups() if group is not None).strip(" .,;:!?")
    if not re.search(r"\w", text):
        return None
    pieces = [piece.strip(" .,;:!?") for piece in _ELLIPSIS.split(text)]
    within = claims_of(text)
    words = [word for piece in pieces for word in re.findall(r"[^\W\d_]{2,}", piece)]
    return WordsClaim(*match.span(), text, tuple(words), tuple(claim for claim in within if not claim.tentative))


def _dialled(match: re.Match[str]) -> Claim | None:
    digits = re.sub(r"\D", "", match[0])
    if len(digits) < 7 or not re.search(r"[()/\u2010-\u2015-]|^\+|^0", match[0]):
        return None
    return DigitsClaim(*match.span(), digits)


def _code(match: re.Match[str]) -> Claim | None:
    """Identifiers: letters with digits or underscores in one word."""
    text = match[0]
    letters = any(character.isalpha() for character in text)  # `½` is none
    digits = re.search(r"\d", text)
    if not (letters and (digits or re.search(r"\w_\w", text))) or _MEASURE.fullmatch(text):
        return None
    return TextClaim(*match.span(), text, tuple(part for part in re.split(r"[\W_]+", text) if part))
