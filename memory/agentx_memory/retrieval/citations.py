"""The marks of an answer, `[n]`: those that name a passage become citations, the others are taken out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentx_memory.retrieval.hit import Hit

_NUMBERS = r"\[(\s*\d+(?:\s*[,;–-]\s*\d+)*\s*)\]"
_MARKS = re.compile(rf"`[^`]*`|(\w*)([ \t]*){_NUMBERS}")
"""Or a piece of code, in which there are none."""
_FREE = re.compile(rf"(?<!\w){_NUMBERS}")
_GAP = re.compile(r"[ \t]+(?=[.,;:!?](?:\s|$))")


@dataclass(frozen=True, slots=True)
class PassageCitation:
    """What a mark `[number]` of an answer stands for.

    Attributes:
        place: for a person: `notes.md:3-9`, `report.pdf p. 4`.
        lines, pages: first and last, from 1; None where the format has none.
        excerpt: the passage as the model was shown it.
        untrusted: it may be text of strangers.
    """

    number: int
    source: str
    title: str
    place: str
    lines: tuple[int, int] | None
    pages: tuple[int, int] | None
    excerpt: str
    untrusted: bool


def resolved(text: str, hits: Sequence[Hit]) -> tuple[str, tuple[PassageCitation, ...]]:
    """The text with `[1]`, `[2]` … in the order in which they appear, and what each stands for.

    A mark of several numbers, `[1, 3]` or `[1-3]`, becomes one each. A mark that names no passage is removed. What only
    looks like one stays: within backticks, or `rows[0]` where a passage has that very word. An answer without a mark
    gets that of the passage with which it has most words in common.

    Args:
        hits: the passages as they were numbered, from 1.
    """
    order: list[int] = []

    def renumbered(match: re.Match[str]) -> str:
        word, gap, numbers = match.groups()
        if numbers is None or (word and not gap and any(match[0] in hit.text for hit in hits)):
            return match[0]
        named = [number for number in _numbers(numbers) if 1 <= number <= len(hits)]
        order.extend(number for number in named if number not in order)
        return word + "".join(f" [{order.index(number) + 1}]" for number in named)

    text = _GAP.sub("", _MARKS.sub(renumbered, text)).strip()
    if not order and text and hits:
        order = [1 + max(range(len(hits)), key=lambda place: _shared(text, hits[place]))]
        text = f"{text} [1]"
    return text, tuple(_citation(place, hits[number - 1]) for place, number in enumerate(order, 1))


def without_marks(passage: str) -> str:
    """A passage with `(2)` for its own `[2]`, a footnote say, which the model would cite as if it were ours."""
    return _FREE.sub(r"(\1)", passage)


def _numbers(inside: str) -> list[int]:
    found: list[int] = []
    for part in re.split(r"[,;]", inside):
        first, _, last = (item.strip() for item in re.sub("–", "-", part).partition("-"))
        # A range is never longer than what anybody cites; a year in brackets is one number that names nothing.
        found += range(int(first), min(int(last or first), int(first) + 20) + 1)
    return list(dict.fromkeys(found))


def _shared(text: str, hit: Hit) -> int:
    words = set(re.findall(r"\w{3,}|\d+", text.lower()))
    return len(words & set(re.findall(r"\w{3,}|\d+", f"{hit.title} {hit.text}".lower())))


def _citation(number: int, hit: Hit) -> PassageCitation:
    return PassageCitation(number, hit.source, hit.title, hit.place, hit.lines, hit.pages, hit.text, hit.untrusted)
