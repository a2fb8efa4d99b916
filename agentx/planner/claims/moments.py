"""Days, weekdays and clock times of a text, in the forms that people and programs use."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![^\W\d_])\.?"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d:])"
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d|[./-]\d)")
_DAY_FORMS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})(?P<mark>[-/.])(?P<number>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<number>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
        rf"(?<![\d.:])(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-]+(?:of\s+)?(?:the\s+)?{_MONTH}(?:,?[\s-]+{_YEAR})?",
        rf"(?<![^\W\d_]){_MONTH}\s+(?:the\s+)?{_DAY}(?:,?\s+{_YEAR})?",
        rf"(?<![^\W\d_]){_MONTH},?\s+(?:of\s+)?{_YEAR}",
        r"(?<![\d/])(?P<number>\d{1,2})/(?P<year>(?:19|20)\d\d)(?!\d)",
        r"(?<![\d-])(?P<year>(?:19|20)\d\d)[-_](?P<number>0[1-9]|1[0-2])(?![\d-])",
        rf"(?<![^\W\d_]){_MONTH}",
    )
]
_BEFORE_MONTH = re.compile(
    r"\b(?:in|of|since|until|till|during|from|to|for|by|last|next|this|early|late|mid|and|each|every)[\s-]+$",
    re.IGNORECASE,
)

WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAY = re.compile(rf"(?<!\w)({'|'.join(WEEKDAYS)})s?(?!\w)", re.IGNORECASE)
_SHORT_WEEKDAY = re.compile(r"(?<!\w)(Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun)(?!\w)")

_HALF = r"(?:\s?(?P<half>[ap])(?:\.\s?m\.|\.?\s?m\b))"
_CLOCK_FORMS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\d:.])(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?![\d:])(?:{_HALF}|\s?uhr\b)?",
        rf"(?<![\d:.])(?P<hour>\d{{1,2}})(?:\.(?P<minute>\d\d))?{_HALF}",
        r"(?<![\d:.])(?P<hour>\d{1,2})h(?P<minute>\d\d)(?!\w)",
        r"(?<![\d:.])(?P<hour>\d{1,2})[.:](?P<minute>\d\d)\s?(?:uhr|h|hrs)\b",
        r"(?<![\d:.])(?P<hour>\d{1,2})\s?(?:o['’]clock|uhr)",
    )
]


@dataclass(frozen=True, slots=True)
class Day:
    """A day, a month or a month of a year at its place in a text; each part is None where it is not said.

    Attributes:
        others: further readings (05/07/2024 is in May or in July), as (year, month, day).
    """

    start: int
    end: int
    year: int | None
    month: int
    day: int | None
    others: tuple[tuple[int | None, int, int | None], ...] = ()

    @property
    def readings(self) -> tuple[tuple[int | None, int, int | None], ...]:
        return ((self.year, self.month, self.day), *self.others)

    def rests_on(self, known: "Day", years: set[int]) -> bool:
        """Whether it is (a part of) the known day; a year that the known day lacks must be one of `years`."""
        return any(
            month == month_ and day in (None, day_) and (year in (None, year_) or (year_ is None and year in years))
            for year, month, day in self.readings
            for year_, month_, day_ in known.readings
        )

    @property
    def weekday(self) -> int | None:
        """0 for Monday; None where the year or the day is not said."""
        if self.year is None or self.day is None:
            return None
        return datetime.date(self.year, self.month, self.day).weekday()


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day at its place in a text.

    Attributes:
        minutes: minutes since midnight that it may mean: 5:30 is also 17:30, but 05:30 is not.
    """

    start: int
    end: int
    minutes: frozenset[int]
    second: int | None = None

    def rests_on(self, known: "Clock") -> bool:
        """Whether it is the known time; the full minute where that has no seconds."""
        return bool(self.minutes & known.minutes) and self.second in (None, known.second or 0)


_Placed = TypeVar("_Placed", Day, Clock)


def days(text: str) -> list[Day]:
    """Days, months and months of years, each place once, in order; a lone `May` only where it must be a month."""
    return _apart([*_numeric(text), *_written(text)], len(text))


def weekdays(text: str, *, short: bool) -> list[tuple[int, int, int]]:
    """Start, end and number (0 for Monday) of each weekday's name; `short` reads Mon and Tue as well."""
    found = [(*match.span(), WEEKDAYS.index(match[1].lower())) for match in _WEEKDAY.finditer(text)]
    if short:
        names = [name[:3] for name in WEEKDAYS]
        found += [(*match.span(), names.index(match[1][:3].lower())) for match in _SHORT_WEEKDAY.finditer(text)]
    return sorted(found)


def clocks(text: str) -> list[Clock]:
    """Times of day, each place once, in order."""
    found = [clock for form in _CLOCK_FORMS for match in form.finditer(text) if (clock := _clock(match))]
    return _apart(found, len(text))


def _apart(found: list[_Placed], length: int) -> list[_Placed]:
    """In the order of their places; of those that overlap, the first in the list."""
    taken = bytearray(length)
    kept: list[_Placed] = []
    for item in found:
        if not any(taken[item.start : item.end]):
            taken[item.start : item.end] = b"x" * (item.end - item.start)
            kept.append(item)
    return sorted(kept, key=lambda item: item.start)


def _clock(match: re.Match[str]) -> Clock | None:
    parts = match.groupdict()
    hour, minute = int(parts["hour"]), int(parts.get("minute") or 0)
    half = (parts.get("half") or "").lower()
    if hour > 24 or minute > 59 or (half and not 1 <= hour <= 12):
        return None
    at = hour % 24 * 60 + minute
    if half:
        minutes = {at % 720 + (720 if half == "p" else 0)}
    elif 1 <= hour <= 12 and not match["hour"].startswith("0"):
        minutes = {at % 720, at % 720 + 720}
    else:
        minutes = {at}
    second = parts.get("second")
    return Clock(*match.span(), frozenset(minutes), int(second) if second else None)


def _numeric(text: str) -> Iterator[Day]:
    for match in _NUMERIC.finditer(text):
        first, second = int(match[1]), int(match[3])
        year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
        orders = [(second, first)] if match[2] == "." else [(second, first), (first, second)]
        valid = [(year, month, day) for month, day in dict.fromkeys(orders) if _is_day(year, month, day)]
        if valid:
            yield Day(*match.span(), *valid[0], others=tuple(valid[1:]))


def _written(text: str) -> Iterator[Day]:
    for form in _DAY_FORMS:
        for match in form.finditer(text):
            parts = match.groupdict()
            name = parts.get("month")
            if name and not _is_month(text, match, name, bool(parts.get("day") or parts.get("year"))):
                continue
            month = _MONTHS.index(name[:3].lower()) + 1 if name else int(parts["number"])
            year = int(parts["year"]) if parts.get("year") else None
            day = int(parts["day"]) if parts.get("day") else None
            if _is_day(year or 2000, month, day or 1):
                yield Day(match.start(), match.end() - match[0].endswith("."), year, month, day)


def _is_month(text: str, match: re.Match[str], name: str, dated: bool) -> bool:
    """Tells a month from the verbs `may` and `march`, and from people called Jan."""
    if name.lower() in ("may", "mar", "march"):
        before = _BEFORE_MONTH.search(text, max(0, match.start() - 12), match.start())
        return name[0].isupper() and (dated or before is not None)
    return dated or len(name) > 3


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True
