"""The Protocol of a memory: what the core and the `remember` and `recall` tools need of a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MemoryHit:
    """A stored text found for a query.

    Attributes:
        score: cosine similarity, 1.0 for the same text.
        untrusted: it may derive from text of strangers.
        place: the source with the lines or the page that the text stands on, for a citation; "" where there are none.
    """

    id: str
    text: str
    source: str
    score: float
    untrusted: bool = False
    place: str = ""


class Memory(Protocol):
    """Stores texts and finds those nearest in meaning. Calls may block: the loop runs them in a thread."""

    def add(self, text: str, source: str, *, untrusted: bool = False) -> str:
        """Stores a text and returns its id; the same text again changes nothing and returns the same id.

        Args:
            untrusted: it may derive from text of strangers; its hits say so.
        """
        ...

    def search(self, query: str, limit: int = 5) -> Sequence[MemoryHit]:
        """The texts nearest to the query, best first."""
        ...

    def count(self) -> int: ...
