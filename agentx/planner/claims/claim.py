"""The kinds of claims, and what each may rest on."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from agentx.planner.claims.figures import Figure
from agentx.planner.claims.lists import lines_with
from agentx.planner.claims.moments import WEEKDAYS, Clock, Day
from agentx.planner.claims.source import Source, Span

Support = tuple[Source | None, Span]
"""A source, or None for the answer itself (which lists what it counts), and the place in it."""

_NOTHING = re.compile(r"\b(?:no|none|nothing|empty|not found|without|zero)\b", re.IGNORECASE)


_BETWEEN_DIGITS = r"[ ./()\u2010-\u2015-]*"


class Claim(Protocol):
    """A piece of an answer that must rest on something the run has seen.

    Attributes:
        start, end: its place in the answer, in characters.
        is_figure: whether it could come of computing in one's head: a figure, a day, a time.
        tentative: True where it may be no claim at all; it is cited where it has a support, and else forgotten.
    """

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def is_figure(self) -> bool: ...
    @property
    def tentative(self) -> bool: ...

    def support(self, sources: Sequence[Source]) -> Support | None:
        """What it rests on: the first of the sources that bears it out; None if none does."""
        ...


class _Placed(Protocol):
    """What was read off a text, at its place there."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


P = TypeVar("P", bound=_Placed)


def _first(
    sources: Sequence[Source], read: Callable[[Source], Iterable[P]], fits: Callable[[P], bool]
) -> Support | None:
    """The first thing read off one of the sources that fits; None if none does."""
    for source in sources:
        for known in read(source):
            if fits(known):
                return source, (known.start, known.end)
    return None


def _found(sources: Iterable[Source], find: Callable[[Source], Span | None]) -> Support | None:
    """The first of the sources in which something is found; None if it is in none."""
    return next(((source, span) for source in sources if (span := find(source))), None)


def _told(sources: Sequence[Source]) -> list[Source]:
    """Those that the model has not written itself (see `Source.deed`)."""
    return [source for source in sources if not source.deed]


@dataclass(frozen=True, slots=True)
class _Read(Generic[P]):
    """A claim that stands where what was read off the answer stands."""

    read: P

    @property
    def start(self) -> int:
        return self.read.start

    @property
    def end(self) -> int:
        return self.read.end


@dataclass(frozen=True, slots=True)
class FigureClaim(_Read[Figure]):
    """A figure: the same, rounded, in other notation or another unit, or a count of what a source lists.

    Attributes:
        listed: how many things the answer itself lists beside it.
        counted: the words after it, folded: what it counts.
    """

    listed: frozenset[int] = frozenset()
    counted: tuple[str, ...] = ()
    is_figure: bool = True
    tentative: bool = False

    def support(self, sources: Sequence[Source]) -> Support | None:
        told = _told(sources)
        return (
            self._same(told)
            or self._rounded(told)
            or self._as_clock(told)
            or self._as_year(told)
            or self._as_count(told)
            or self._by_parts(told)
        )

    def _same(self, sources: Sequence[Source]) -> Support | None:
        value, _ = self.read.values[0]
        return _first(
            sources,
            lambda source: source.figures,
            lambda known: (
                known.values[0][0] == value and known.percent == self.read.percent and self.read.compares_with(known)
            ),
        )

    def _rounded(self, sources: Sequence[Source]) -> Support | None:
        return _first(sources, lambda source: source.figures, self.read.rests_on)

    def _as_clock(self, sources: Sequence[Source]) -> Support | None:
        """`17.30` is also how a time is written."""
        value, half = self.read.values[0]
        hour, minute = int(value), round((value - int(value)) * 100)
        if half != 0.005 or not (0 <= hour < 24 and minute < 60):
            return None
        return _first(sources, lambda source: source.clocks, lambda clock: hour * 60 + minute in clock.minutes)

    def _as_year(self, sources: Sequence[Source]) -> Support | None:
        """05/07/24 is a day of 2024."""
        count = self.read.count
        return _first(sources, lambda source: source.days, lambda day: day.year == count) if count else None

    def _by_parts(self, sources: Sequence[Source]) -> Support | None:
        """Where it may be several figures, each of them."""
        found = [FigureClaim(part, self.listed, self.counted).support(sources) for part in self.read.parts]
        return found[0] if found and all(found) else None

    def _as_count(self, sources: Sequence[Source]) -> Support | None:
        count = self.read.count
        if count is None:
            return None
        for source in sources:
            if source.call_id is None:
                continue
            if count == 0 and (not source.text.strip() or _NOTHING.search(source.text)):
                return source, (0, len(source.text))
            for places in (lines_with(self.counted, source.text), source.sizes):
                if count in places:
                    return source, places[count]
        return (None, (self.start, self.end)) if count in self.listed else None


@dataclass(frozen=True, slots=True)
class DayClaim(_Read[Day]):
    """A day, a month, a month of a year."""

    is_figure: bool = True
    tentative: bool = False

    def support(self, sources: Sequence[Source]) -> Support | None:
        told = _told(sources)
        years = {day.year for source in told for day in source.days if day.year}
        years |= {int(value) for source in told for value in _values(source) if 1000 <= value < 3000 and value % 1 == 0}
        whole = _first(told, lambda source: source.days, lambda known: self.read.rests_on(known, years))
        return whole or self._put_together(told, years)

    def _put_together(self, sources: Sequence[Source], years: set[int]) -> Support | None:
        """A calendar names the month on top, and only the day beside each line."""
        months = [day for source in sources for day in source.days if day.day is None]
        wanted = [
            day
            for year, month, day in self.read.readings
            if any(Day(0, 0, year, month, None).rests_on(known, years) for known in months)
        ]
        return _first(sources, lambda source: source.figures, lambda known: known.values[0][0] in wanted)


@dataclass(frozen=True, slots=True)
class WeekdayClaim:
    """The name of a weekday, which a source names too, or on which a day of a source falls."""

    start: int
    end: int
    number: int
    is_figure: bool = True
    tentative: bool = False

    def support(self, sources: Sequence[Source]) -> Support | None:
        return _found(_told(sources), lambda source: source.weekdays.get(self.number))

    def __str__(self) -> str:
        return WEEKDAYS[self.number]


@dataclass(frozen=True, slots=True)
class ClockClaim(_Read[Clock]):
    """A time of day."""

    is_figure: bool = True
    tentative: bool = False

    def support(self, sources: Sequence[Source]) -> Support | None:
        told = _told(sources)
        return _first(told, lambda source: source.clocks, self.read.rests_on) or _first(
            told,
            lambda source: source.figures,
            lambda known: not known.percent and known.values[0][0] in self._as_figures(),
        )

    def _as_figures(self) -> Iterator[float]:
        """As a source may write it without a colon: 17.30, 1730, and 17 for the full hour."""
        for minutes in self.read.minutes:
            hour, minute = divmod(minutes, 60)
            yield from (hour + minute / 100, 100 * hour + minute)
            if minute == 0:
                yield hour


@dataclass(frozen=True, slots=True)
class TextClaim:
    """A piece of text that must stand in a source as it is: an identifier, a path, an address.

    Attributes:
        text: what is looked for.
        parts: pieces that are enough where each stands somewhere: the folders and the name of a path.
    """

    start: int
    end: int
    text: str
    parts: tuple[str, ...] = ()
    is_figure: bool = False
    tentative: bool = False

    def support(self, sources: Sequence[Source]) -> Support | None:
        if whole := _found(sources, lambda source: source.find(self.text)):
            return whole
        found = [_found(sources, lambda source, part=part: source.find(part)) for part in self.parts]
        return found[-1] if found and all(found) else None


@dataclass(frozen=True, slots=True)
class DigitsClaim:
    """A telephone number or the like: these digits in this order, whatever stands between them."""

    start: int
    end: int
    digits: str
    is_figure: bool = True
    tentative: bool = False

    def support(self, sources: Sequence[Source]) -> Support | None:
        pattern = re.compile(rf"(?<!\d){_BETWEEN_DIGITS.join(self.digits)}(?!\d)")
        return _found(_told(sources), lambda source: (match := pattern.search(source.text)) and match.span())


@dataclass(frozen=True, slots=True)
class WordsClaim:
    """A name, or a quotation: as it is in one source, or each of its words in some source, but for their endings.

    Attributes:
        text: the whole, looked for first.
        words: what must be found where the whole is not; empty where only the whole will do.
        within: claims inside a quotation, which must be borne out as well.
    """

    start: int
    end: int
    text: str
    words: tuple[str, ...]
    within: tuple[Claim, ...] = ()
    is_figure: bool = False
    tentative: bool = False

    def support(self, sources: Sequence[Source]) -> Support | None:
        if whole := _found(sources, lambda source: source.find(self.text)):
            return whole
        found = [claim.support(sources) for claim in self.within]
        found += [_found(sources, lambda source, word=word: source.find_word(word)) for word in self.words]
        return found[0] if found and all(found) else None


def _values(source: Source) -> Iterator[float]:
    return (figure.values[0][0] for figure in source.figures)
