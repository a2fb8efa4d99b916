"""Figures of a text: digits as people and programs write them, percentages, units, and number words."""

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from agentx.planner.claims.units import CURRENCIES, FACTORS, UNIT, dimension

_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_SMALL)} | {word: 10 * tens for tens, word in enumerate(_TENS, 2)}
_SCALES = {"hundred": 100, "dozen": 12, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_LETTERS = {"k": 1e3, "K": 1e3, "M": 1e6, "bn": 1e9}

_COUNTABLE = frozenset(["day", "days", "week", "weeks"])
"""Units that are things as well: `3 days: Monday, Tuesday and Friday`."""

_CURRENCY = {name: sign for sign, names in CURRENCIES.items() for name in (sign, *names)}
_CODE_BEFORE = re.compile(
    # What stands behind a number belongs to that one: `99 EUR 107 USD`.
    rf"(?<!\w)(?<!\d[ \u00a0])({'|'.join(names[0].upper() for names in CURRENCIES.values())})[ \u00a0]?$"
)
_BLANK_GROUPED = r"(?<!\d\ )\d{1,3}(?:\ \d{3})+(?:[.,]\d+)?(?!\ ?\d|[.,]\d)"
_GROUPED = r"\d+(?:[.,'’_\u00a0\u2009\u202f]\d+)*"
_FRACTION = r"(?:\d+\ ?)?[¼½¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]|(?<!/)\d{1,3}/[1-9]\d{0,2}(?![\w/]|\.\d)"
_MEASURE = rf"""
    (?:\s?(?P<percent>%|percent\b|per\ cent\b)|[\s-]?(?P<unit>{UNIT})(?![\w'’]))?
    (?=[ \u00a0\u202f]?(?P<money>[$€£¥](?!\d)|(?i:{"|".join(name for name in _CURRENCY if name.isalpha())})s?(?!\w))|)
    """
_FIGURE = re.compile(
    rf"""(?<![\w.])
    (?P<minus>(?<![\w)\]])[-−–](?=[$€£¥]?\d))?
    (?P<sign>[$€£¥]|(?<!\d)(?<!\d\ )[$€£¥]\ )?
    (?P<digits>\d+(?:\.\d+)?[eE][+-]?\d+(?!\w)|{_FRACTION}|{_BLANK_GROUPED}|{_GROUPED}|\.\d+)
    (?:(?P<letter>(?:k|K|M|bn)\b)|\ ?(?P<scale>hundred|thousand|million|billion|dozen)\b)?
    {_MEASURE}""",
    re.VERBOSE,
)
_AFTER_WORDS = re.compile(_MEASURE, re.VERBOSE)
_NEXT_ROW = re.compile(r"\r?\n[^\n]*,")
_RUN = re.compile(r"\d+(?:\.\d+)?")
_WHOLE = re.compile(r"\d+")
_DECIMAL = re.compile(r"(\d+)\.\d+")
_NUMBER_WORD = "|".join((*_WORDS, *_SCALES))
_NUMBER_WORDS = re.compile(
    rf"(?<![\w-])(?:{_NUMBER_WORD})(?:(?:-|\s+(?:and\s+)?)(?:{_NUMBER_WORD}))*(?![\w-])", re.IGNORECASE
)
_KNOWN_SET = re.compile(r"\b(?:the|these|those|all|both|of|other|last|first|next)\s+$", re.IGNORECASE)
_DURATION = re.compile(
    r"(?<![\w.])(\d{1,9})\s?(?:hours?|hrs?|h)(?:,|\s+and)?\s+(\d{1,9})\s?(?:minutes?|mins?|m)(?!\w)", re.IGNORECASE
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
        currency: the sign of its currency, whether that was written as a sign, a code or a name.
        hedged: whether the text says that it is not exact (about, over).
        parts: the figures that it may be instead (`100 200` in a row of a table, `3/4`).
        whole: whether it is one number for sure, and none of its digits says anything by itself.
    """

    start: int
    end: int
    values: tuple[tuple[float, float], ...]
    percent: bool = False
    unit: str | None = None
    currency: str | None = None
    hedged: bool = False
    parts: "tuple[Figure, ...]" = ()
    whole: bool = False

    @property
    def count(self) -> int | None:
        """The number of things that it may be; None where it is a measure, a share, a sum of money or a fraction."""
        value, _ = self.values[0]
        measure = self.percent or self.currency or (self.unit is not None and self.unit not in _COUNTABLE)
        return int(value) if not measure and value >= 0 and value.is_integer() else None

    def rests_on(self, known: "Figure") -> bool:
        """Whether it is the known figure: the same, rounded, without its sign, as a percentage, in another unit."""
        return any(self._close(value, half, other) for other in self._readings_of(known) for value, half in self.values)

    def compares_with(self, known: "Figure") -> bool:
        """Whether the bare numbers of both can be compared: not those of 5 days and 5 hours, nor of 5 € and 5 $."""
        if self.currency and known.currency:
            return self.currency == known.currency
        if self.unit and known.unit:
            factors = self._factors(known)
            return not factors or any(mine == theirs for mine, theirs in factors)
        return True

    def _close(self, value: float, half: float, other: float) -> bool:
        if value >= 0:
            other = abs(other)
        allowed = half
        if self.hedged:
            allowed = max(half, min(_last_place(value), abs(value) / 10))
        return abs(value - other) <= allowed * (1 + 1e-9) + 1e-9 * abs(value)

    def _readings_of(self, known: "Figure") -> Iterator[float]:
        """The known figure's values as this one would write them."""
        factors = self._factors(known) if self.unit and known.unit else ()
        comparable = self.compares_with(known)
        for value, _ in known.values:
            if comparable:
                yield value
                if self.percent and not known.percent:
                    yield value * 100
                if known.percent and not self.percent:
                    yield value / 100
            for mine, theirs in factors:
                yield value * theirs / mine

    def _factors(self, known: "Figure") -> list[tuple[float, float]]:
        """What a unit of each is in the base unit of both; empty where there is no such base."""
        if not (self.unit and known.unit and dimension(self.unit) == dimension(known.unit)):
            return []
        return [(mine, theirs) for mine in FACTORS[self.unit] for theirs in FACTORS[known.unit]]


def stated(text: str) -> list[Figure]:
    """The figures that a text states, each once, as a reader takes them; `one` and `zero` as words are none."""
    found = list(_digits(text))
    for figure in _words(text):
        if (
            figure.values[0][0] > 1
            and not _KNOWN_SET.search(text, max(0, figure.start - 12), figure.start)
            and not any(f.start <= figure.start < f.end for f in found)
        ):
            found.append(figure)
    return sorted(found, key=lambda figure: figure.start)


def known(text: str) -> list[Figure]:
    """All that a figure may rest on: besides what the text states, each run of digits within dates, names, codes and
    lists; none within what is one number for sure: 1,234,567 says nothing of 567, nor 5 million of 5."""
    digits = list(_digits(text))
    found = [*digits, *(part for figure in digits for part in figure.parts)]
    inside = bytearray(len(text))
    for figure in digits:
        if figure.whole:
            # `3.9` may be a version or a chapter: of 3 it does say something.
            bare = None if figure.currency else _DECIMAL.fullmatch(text, figure.start, figure.end)
            start = bare.end(1) if bare else figure.start
            inside[start : figure.end] = b"x" * (figure.end - start)
    found += [figure for figure in _words(text) if not inside[figure.start]]
    seen = {(figure.start, figure.end) for figure in found}
    for pattern in (_RUN, _WHOLE):
        for match in pattern.finditer(text):
            if match.span() not in seen and not inside[match.start()]:
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
        yield from _figures(match)


def _figures(match: re.Match[str]) -> Iterator[Figure]:
    digits, percent, unit, currency = match["digits"], match["percent"] is not None, match["unit"], _currency(match)
    sign = -1 if match["minus"] else 1
    scale = _LETTERS.get(match["letter"] or "", 1.0) * _SCALES.get(match["scale"] or "", 1.0)
    # What is beyond all numbers is read as the digits that it has.
    values = [(sign * value * scale, half * scale) for value, half in readings(digits) if math.isfinite(value * scale)]
    if not values:  # a list, a version, a row of a table
        yield from _parts(match)
        return
    parts = tuple(_parts(match)) if re.search(r"[ /]\d", digits) or _is_row(match) else ()
    pair = re.fullmatch(r"\d+,\d+", digits) and not _groups(digits) and not (percent or unit or currency)
    yield Figure(
        *match.span(),
        values=tuple(values),
        percent=percent,
        unit=unit,
        currency=currency,
        hedged=_HEDGE.search(match.string, max(0, match.start() - 24), match.start()) is not None,
        parts=parts,
        # `rooms 3,5` may be two of them, and `4.0K` is how programs write 4 KB.
        whole=not (parts or pair or match["letter"] in ("K", "M")),
    )


def _parts(match: re.Match[str]) -> Iterator[Figure]:
    """The runs of digits, each a figure by itself; what stands behind them belongs to the last."""
    runs = [run for run in _RUN.finditer(match.string, *match.span("digits")) if math.isfinite(float(run[0]))]
    for run in runs:
        last = run is runs[-1]
        values = ((float(run[0]), _half(run[0])),)
        yield Figure(*run.span(), values, last and match["percent"] is not None, match["unit"] if last else None)


def _is_row(match: re.Match[str]) -> bool:
    """Whether commas may part the cells of a row, or the members of a compact list, and not thousands."""
    text, start, end = match.string, match.start(), match.end("digits")
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    if "," not in match["digits"] or before not in "[(,\n" or after not in ")],\r\n":
        return False
    if before in "\n" and after in "\r\n":  # it is all of its line: a row only among rows
        return "," in text[text.rfind("\n", 0, max(0, start - 1)) + 1 : start] or _NEXT_ROW.match(text, end) is not None
    return True


def _currency(match: re.Match[str]) -> str | None:
    """The sign of the currency that is written before or behind the digits."""
    if match["sign"]:
        return match["sign"].strip()
    before = _CODE_BEFORE.search(match.string, max(0, match.start() - 4), match.start())
    name = before[1] if before else match["money"]
    return _CURRENCY[name.lower().removesuffix("s")] if name else None


def readings(digits: str) -> list[tuple[float, float]]:
    """What a run of digits with separators may mean, each with the half unit of its last digit; the likelier first.

    Empty for what is no single number.
    """
    if fraction := re.fullmatch(r"(\d*) ?([^\d\s])", digits):
        return [(float(fraction[1] or 0) + unicodedata.numeric(fraction[2]), 0.005)]
    if "/" in digits:
        above, below = digits.split("/")
        return [(int(above) / int(below), 0.005)]
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


def _words(text: str) -> Iterator[Figure]:
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
        after = _AFTER_WORDS.match(text, match.end())
        assert after is not None  # it matches the empty text
        yield Figure(
            match.start(),
            after.end(),
            ((total + part, 0.5),),
            percent=after["percent"] is not None,
            unit=after["unit"],
            currency=_CURRENCY[after["money"].lower().removesuffix("s")] if after["money"] else None,
            hedged=_HEDGE.search(text, max(0, match.start() - 24), match.start()) is not None,
        )
