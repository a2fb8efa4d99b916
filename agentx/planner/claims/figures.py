"""Figures of a text: digits as people and programs write them, percentages, units, and number words."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentx.planner.claims.units import FACTORS, UNIT, dimension

_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_SMALL)} | {word: 10 * tens for tens, word in enumerate(_TENS, 2)}
_SCALES = {"hundred": 100, "dozen": 12, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_LETTERS = {"k": 1e3, "K": 1e3, "M": 1e6, "bn": 1e9}

_GROUPED = r"\d+(?:[.,'’_\u00a0\u2009\u202f]\d+)*"
_FIGURE = re.compile(
    rf"""(?<![\w.])
    (?P<minus>(?<![\w)\]])[-−–](?=[$€£¥]?\d))?
    (?P<currency>[$€£¥]\ ?)?
    (?P<digits>\d+(?:\.\d+)?[eE][+-]?\d+(?!\w)|{_GROUPED}|\.\d+)
    (?:(?P<letter>(?:k|K|M|bn)\b)|\ ?(?P<scale>hundred|thousand|million|billion|dozen)\b)?
    (?:\s?(?P<percent>%|percent\b|per\ cent\b)|[\s-]?(?P<unit>{UNIT})(?![\w'’]))?
    """,
    re.VERBOSE,
)
_RUN = re.compile(r"\d+(?:\.\d+)?")
_WHOLE = re.compile(r"\d+")
_NUMBER_WORD = "|".join((*_WORDS, *_SCALES))
_NUMBER_WORDS = re.compile(
    rf"(?<![\w-])(?:{_NUMBER_WORD})(?:(?:-|\s+(?:and\s+)?)(?:{_NUMBER_WORD}))*(?![\w-])", re.IGNORECASE
)
_KNOWN_SET = re.compile(r"\b(?:the|these|those|all|both|of|other|last|first|next)\s+$", re.IGNORECASE)
_DURATION = re.compile(
    r"(?<![\w.])(\d+)\s?(?:hours?|hrs?|h)(?:,|\s+and)?\s+(\d+)\s?(?:minutes?|mins?|m)(?!\w)", re.IGNORECASE
)
_HEDGE = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|over|under|circa|ca\.|more than|less than"
    r"|at least|up to|just)\s+|[~≈]\s*)[$€£¥]?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure at its place in a text.

    Attributes:
        values: what it may mean (`1,234` is 1234 or 1.234), each with the half unit of its last digit.
        percent: whether it was written as a percentage.
        unit: its unit of measure, as written.
        hedged: whether the text says that it is not exact (about, over).
    """

    start: int
    end: int
    values: tuple[tuple[float, float], ...]
    percent: bool = False
    unit: str | None = None
    hedged: bool = False
    currency: bool = False

    @property
    def count(self) -> int | None:
        """The number of things that it may be; None where it is a measure, a share, a sum of money or a fraction."""
        value, _ = self.values[0]
        measure = self.percent or self.currency or (self.unit is not None and len(self.unit) < 4)
        return int(value) if not measure and value >= 0 and value.is_integer() else None

    def rests_on(self, known: "Figure") -> bool:
        """Whether it is the known figure: the same, rounded, without its sign, as a percentage, in another unit."""
        return any(self._close(value, half, other) for value, half in self.values for other in self._readings_of(known))

    def _close(self, value: float, half: float, other: float) -> bool:
        if value >= 0:
            other = abs(other)
        allowed = half
        if self.hedged:
            allowed = max(half, min(_last_place(value), abs(value) / 10))
        return abs(value - other) <= allowed * (1 + 1e-9) + 1e-9 * abs(value)

    def _readings_of(self, known: "Figure") -> Iterator[float]:
        """The known figure's values as this one would write them."""
        for value, _ in known.values:
            yield value
            if self.percent and not known.percent:
                yield value * 100
            if known.percent and not self.percent:
                yield value / 100
            if self.unit and known.unit and dimension(self.unit) == dimension(known.unit):
                for mine in FACTORS[self.unit]:
                    for theirs in FACTORS[known.unit]:
                        yield value * theirs / mine


def stated(text: str) -> list[Figure]:
    """The figures that a text states, each once, as a reader takes them; `one` and `zero` as words are none."""
    found = list(_digits(text))
    for start, end, value in _words(text):
        if (
            value > 1
            and not _KNOWN_SET.search(text, max(0, start - 12), start)
            and not any(f.start <= start < f.end for f in found)
        ):
            found.append(
                Figure(start, end, ((value, 0.0),), hedged=_HEDGE.search(text, max(0, start - 24), start) is not None)
            )
    return sorted(found, key=lambda figure: figure.start)


def known(text: str) -> list[Figure]:
    """All that a figure may rest on: besides what the text states, each run of digits within dates, names and codes."""
    found = [*_digits(text)]
    found += [Figure(start, end, ((value, 0.0),)) for start, end, value in _words(text)]
    seen = {(figure.start, figure.end) for figure in found}
    for pattern in (_RUN, _WHOLE):
        for match in pattern.finditer(text):
            if match.span() not in seen:
                seen.add(match.span())
                found.append(Figure(*match.span(), ((float(match[0]), 0.0),)))
    return found


def _digits(text: str) -> Iterator[Figure]:
    durations = {match.start(): match for match in _DURATION.finditer(text)}
    taken = 0
    for match in _FIGURE.finditer(text):
        if match.start() < taken:
            continue
        if duration := durations.get(match.start()):
            taken = duration.end()
            yield Figure(*duration.span(), ((60.0 * int(duration[1]) + int(duration[2]), 0.5),), unit="min")
            continue
        yield from _figures(text, match)


def _figures(text: str, match: re.Match[str]) -> Iterator[Figure]:
    sign = -1 if match["minus"] else 1
    scale = _LETTERS.get(match["letter"] or "", 1.0) * _SCALES.get(match["scale"] or "", 1.0)
    percent, unit = match["percent"] is not None, match["unit"]
    # What is beyond all numbers is read as the digits that it has.
    values = [(value, half) for value, half in readings(match["digits"]) if math.isfinite(value * scale)]
    hedged = _HEDGE.search(text, max(0, match.start() - 24), match.start()) is not None
    if values:
        scaled = tuple((sign * value * scale, half * scale) for value, half in values)
        yield Figure(*match.span(), scaled, percent, unit, hedged, match["currency"] is not None)
        return
    runs = _RUN.finditer(text, *match.span("digits"))  # a list, a version, a row of a table
    parts = [part for part in runs if math.isfinite(float(part[0]))]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        yield Figure(*part.span(), ((float(part[0]), _half(part[0])),), percent and last, unit if last else None)


def readings(digits: str) -> list[tuple[float, float]]:
    """What a run of digits with separators may mean, each with the half unit of its last digit; the likelier first.

    Empty for what is no single number.
    """
    if re.fullmatch(r"\d*\.?\d+|.*[eE].*", digits):
        found = [(float(digits), _half(digits))]
        if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits):
            found.append((float(digits.replace(".", "")), 0.5))
        return found
    found: list[tuple[float, float]] = []
    if len(set(re.findall(r"\D", digits))) == 1 and _groups(digits):
        found.append((float(re.sub(r"\D", "", digits)), 0.5))
    whole, mark, fraction = re.split(r"([.,])(?=\d+$)", digits) if re.search(r"[.,]\d+$", digits) else (digits, "", "")
    if mark and mark not in whole and (whole.isdigit() or _groups(whole)):
        text = re.sub(r"\D", "", whole) + "." + fraction
        found.append((float(text), _half(text)))
    return found


def _groups(digits: str) -> bool:
    """Whether the separators are those of thousands (or of lakhs): the last group has three digits."""
    first, *rest = re.split(r"\D", digits)
    return bool(rest) and 1 <= len(first) <= 3 and len(rest[-1]) == 3 and all(len(part) in (2, 3) for part in rest)


def _half(digits: str) -> float:
    if "e" in digits.lower():
        return 0.0
    return 0.5 * 10.0 ** -len(digits.partition(".")[2])


def _last_place(value: float) -> float:
    """The unit of the last digit that is not zero: 100 for 1200."""
    place = 1.0
    while value and value % (place * 10) == 0:
        place *= 10
    return place


def _words(text: str) -> Iterator[tuple[int, int, float]]:
    for match in _NUMBER_WORDS.finditer(text):
        total, part = 0.0, 0.0
        for word in re.findall(r"[a-z]+", match[0].lower()):
            if word in _WORDS:
                part += _WORDS[word]
            elif word in ("hundred", "dozen"):
                part = max(part, 1) * _SCALES[word]
            elif word in _SCALES:
                total += max(part, 1) * _SCALES[word]
                part = 0.0
        yield match.start(), match.end(), total + part
