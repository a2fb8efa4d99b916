"""What an answer must say: figures compared as numbers, the rest by anchored patterns."""

import re
from dataclasses import dataclass
from typing import Protocol

# A number that stands by itself: no part of a word, a date, a time, a version or a range.
_NUMBER = re.compile(r"(?<![\w.])(?<!\d[,:/-])-?\d+(?:\.\d+)?(?!\d)(?![.,:/-]\d)(?!(?:st|nd|rd|th|k)\b)", re.IGNORECASE)
_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_TOLERANCE = 1e-6


class Says(Protocol):
    """One thing that an answer must say."""

    def found_in(self, answer: str) -> bool:
        """Whether the answer, made plain by `plain`, says it."""
        ...


def plain(answer: str) -> str:
    """The answer without thousands separators, with `.` as decimal separator and plain spaces and dashes."""
    text = re.sub("[\u2010-\u2015\u2212]", "-", answer)
    text = re.sub(r"(?<=\d)[,'\u00a0\u2009\u202f](?=\d{3}(?!\d))", "", text)
    text = re.sub("[\u00a0\u2009\u202f]", " ", text)
    return re.sub(r"(?<=\d),(?=\d{1,2}(?!\d))", ".", text)


def figures(text: str) -> set[float]:
    """The numbers that stand in a plain text by themselves."""
    return {float(match) for match in _NUMBER.findall(text)}


def raw_figures(text: str) -> set[float]:
    """All runs of digits in a file or page, whatever they belong to; there a comma may separate columns."""
    return {float(match) for match in re.findall(r"\d+(?:\.\d+)?", text)} | figures(plain(text))


@dataclass(frozen=True, slots=True)
class Figure:
    """A number: 1,234 and 1234 and 1234.0 alike; 2 to 12 also as a word."""

    value: float

    def found_in(self, answer: str) -> bool:
        if any(abs(number - self.value) < _TOLERANCE * max(1.0, abs(self.value)) for number in figures(answer)):
            return True
        if self.value not in range(2, 13):
            return False
        return re.search(rf"\b{_SMALL[int(self.value)]}\b", answer, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word or words with boundaries, in any case; `pattern` is a regular expression."""

    pattern: str

    def found_in(self, answer: str) -> bool:
        return re.search(rf"(?<!\w)(?:{self.pattern})(?!\w)", answer, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Digits:
    """A telephone number or the like: these digits, whatever stands between them."""

    digits: str

    def found_in(self, answer: str) -> bool:
        between = r"[ ./()-]*"
        return re.search(rf"(?<!\d){between.join(self.digits)}(?!\d)", answer) is not None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day: 14:40, 14.40, 2:40 pm."""

    hour: int
    minute: int

    def found_in(self, answer: str) -> bool:
        exact = rf"(?<![\d:.]){self.hour:02d}|(?<![\d:.]){self.hour}"
        if re.search(rf"(?:{exact})[:.h]{self.minute:02d}(?!\d)(?!\s*[ap]\.?m)", answer, re.IGNORECASE):
            return True
        half = "a" if self.hour < 12 else "p"
        twelve = (self.hour - 1) % 12 + 1
        minutes = rf"[:.]{self.minute:02d}" if self.minute else r"(?:[:.]00)?"
        return re.search(rf"(?<![\d:.])0?{twelve}{minutes}\s*{half}\.?m", answer, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Day:
    """A date: 2024-03-12, 12 March 2024, March 12th, 12.03.2024; the year may be left out beside a month's name."""

    year: int
    month: int
    day: int

    def found_in(self, answer: str) -> bool:
        y, m, d = self.year, self.month, self.day
        name = rf"{_MONTHS[m - 1][:3]}(?:{_MONTHS[m - 1][3:]})?\.?"
        of_day = rf"0?{d}(?:st|nd|rd|th)?\.?"
        other_year = rf"(?!,?\s+(?!{y})(?:19|20)\d\d)"
        forms = (
            rf"{y}[-/.]0?{m}[-/.]0?{d}",
            rf"0?{d}[./-]0?{m}[./-]{y}",
            rf"0?{m}/0?{d}/{y}",
            rf"{of_day}\s+(?:of\s+)?{name}(?!\w){other_year}",
            rf"{name}\s+(?:the\s+)?{of_day}(?!\w){other_year}",
        )
        return any(re.search(rf"(?<![\d/.-]){form}(?!\d)", answer, re.IGNORECASE) for form in forms)


_ABSENT = re.compile(
    r"\b(?:no|none|nowhere|nothing|neither|never|without|missing|absent|unknown|unavailable|cannot|not|unable"
    r"|\w+n['’]t)\b",
    re.IGNORECASE,
)
_CURT = re.compile(
    r"(?:sorry,? )?(?:it (?:is|was) )?(?:not? (?:found|there|known|given|mentioned|listed|noted|available|recorded)"
    r"|no(?:ne| such \w+)(?: found| given| listed| recorded)?|there is none|(?:it )?(?:is|was) not found)\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Absence:
    """The right answer is that something is not there.

    Either the whole answer is curt ("Not found."), or one sentence both names the subject and says no.

    Attributes:
        subject: pattern of words that name what is missing.
        curt: whether a curt answer will do; not where the answer must say which of two things is missing.
    """

    subject: str
    curt: bool = True

    def found_in(self, answer: str) -> bool:
        if self.curt and _CURT.fullmatch(answer.strip()):
            return True
        # A full stop inside a name (`settings.ini`, `Dr. Weber`) must not cut a sentence in two.
        sentences = re.split(r"(?:(?<!Dr)(?<!Mr)(?<!Ms)[.!?;](?=\s+[A-Z]|$))|\n", answer)
        return any(_ABSENT.search(part) and Phrase(self.subject).found_in(part) for part in sentences)
