"""What a claim may rest on: a text that the run has seen, read once for all claims."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agentx.messages import ToolCall, ToolResult
from agentx.planner.claims import figures, lists, moments
from agentx.planner.claims.units import CURRENCIES
from agentx.planner.claims.words import folded, same

Span = tuple[int, int]


@dataclass(frozen=True)
class Source:
    """A text that the run has seen.

    Attributes:
        call_id: the call whose result it is; None for what the user has said.
        deed: True for what a call was told to do. The model wrote it itself: it bears out names and quotations (what
            was sent, which file was written), but no figures.
    """

    text: str
    call_id: str | None = None
    deed: bool = False

    @cached_property
    def figures(self) -> list[figures.Figure]:
        return figures.known(self.text)

    @cached_property
    def days(self) -> list[moments.Day]:
        return moments.days(self.text)

    @cached_property
    def weekdays(self) -> dict[int, Span]:
        """Of each weekday that is named, or on which a date falls, where."""
        found = {day.weekday: (day.start, day.end) for day in self.days if day.weekday is not None}
        return found | {number: (start, end) for start, end, number in moments.weekdays(self.text, short=True)}

    @cached_property
    def clocks(self) -> list[moments.Clock]:
        return moments.clocks(self.text)

    @cached_property
    def sizes(self) -> dict[int, Span]:
        return lists.sizes(self.text)

    @cached_property
    def words(self) -> dict[str, Span]:
        """Each word, folded, and where it stands first; parts of file names and compounds are words."""
        found: dict[str, Span] = {}
        for match in re.finditer(r"[^\W_]+", self._folded):
            found.setdefault(match[0], match.span())
        for symbol, names in CURRENCIES.items():
            if (at := self.text.find(symbol)) >= 0:
                found |= dict.fromkeys(names, (at, at + 1))
        return found

    @cached_property
    def _folded(self) -> str:
        return folded(self.text)

    def find(self, text: str) -> Span | None:
        """Where the text stands, whatever its case, accents, white space, dashes and quotation marks."""
        parts = [_loose(part) for part in folded(text).split()]
        if not parts:
            return None
        pattern = r"\s+".join(parts)
        before, after = (r"(?<![^\W_])" if text[0].isalnum() else "", r"(?![^\W_])" if text[-1].isalnum() else "")
        match = re.search(f"{before}{pattern}{after}", self._folded)
        return match.span() if match else None

    def find_word(self, word: str) -> Span | None:
        """Where a word stands, but for its ending."""
        word = folded(word)
        if word in self.words:
            return self.words[word]
        return next((span for other, span in self.words.items() if same(word, other)), None)


def of_call(call: ToolCall, result: ToolResult, *, acts: bool) -> list[Source]:
    """What a call has brought: its result, and what it did where it has changed something.

    Args:
        acts: whether the tool is one that changes or sends what its arguments say.
    """
    found = [Source(result.text, call.id)]
    if result.changed or (acts and result.ok):
        found.append(Source("\n".join([*result.changed, *_texts(call.arguments)]), call.id, deed=True))
    return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def _loose(text: str) -> str:
    """A pattern for the text with any dashes and quotation marks."""
    escaped = re.escape(text)
    escaped = re.sub(r"\\?[-‐‑–—−]", "[-‐‑–—−]", escaped)
    return re.sub(r"[\"'’‘“”„]", "[\"'’‘“”„]", escaped)
