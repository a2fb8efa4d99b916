"""What a search finds: a passage of a document, with its scores and the reason why it was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentx_memory.store import StoredChunk


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage: one chunk that was found, or more of the same section that stand together.

    Attributes:
        chunks: in the order of the document.
        found: the id of the chunk that the scores are about.
        score: of the fusion; higher is better, and it means nothing beside another query's.
        ranks: rank from 1 for each retriever that found the chunk.
        similarity: cosine with the part of the query that is nearest; None where meaning did not find it.
        relevance: the decoder's probability that the passage helps to answer; None where it was not asked.
        also: where else the same text stands, nearly word for word.
    """

    chunks: tuple[StoredChunk, ...]
    found: str
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict[str, int])
    similarity: float | None = None
    relevance: float | None = None
    also: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The passage, without its headings."""
        return "\n".join(chunk.text.strip("\n") for chunk in self.chunks)

    @property
    def source(self) -> str:
        return self.chunks[0].source

    @property
    def title(self) -> str:
        """What the passage is from: the document's title and the headings above it, outermost first."""
        first = self.chunks[0]
        return " > ".join(dict.fromkeys(part for part in (first.title, *first.heading) if part))

    @property
    def untrusted(self) -> bool:
        return any(chunk.untrusted for chunk in self.chunks)

    @property
    def pages(self) -> tuple[int, int] | None:
        numbers = [chunk.page for chunk in self.chunks if chunk.page is not None]
        return (min(numbers), max(numbers)) if numbers else None

    @property
    def lines(self) -> tuple[int, int] | None:
        """The first and the last line, from 1."""
        first = [chunk.first_line for chunk in self.chunks if chunk.first_line is not None]
        last = [chunk.last_line for chunk in self.chunks if chunk.last_line is not None]
        return (min(first), max(first + last)) if first else None

    @property
    def place(self) -> str:
        """Where it stands, for a person: `notes.md:3-9`, `report.pdf p. 4`."""
        if self.pages is not None:
            return f"{self.source} p. {_span(self.pages)}"
        return self.source if self.lines is None else f"{self.source}:{_span(self.lines)}"

    @property
    def reason(self) -> str:
        """Why it was found: `dense 1st, lexical 3rd`."""
        parts = [f"{retriever} {ordinal(rank)}" for retriever, rank in self.ranks.items()]
        if self.relevance is not None:
            parts.append(f"relevance {self.relevance:.2f}")
        return ", ".join(parts)


def ordinal(number: int) -> str:
    """
    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 21)]
    ['1st', '2nd', '3rd', '4th', '11th', '21st']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _span(numbers: tuple[int, int]) -> str:
    first, last = numbers
    return str(first) if first == last else f"{first}-{last}"
