"""Web search behind a Protocol; providers are found by the entry point group `agentx.search`.

An entry point names a callable that takes the settings table and returns a `SearchProvider`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

GROUP = "agentx.search"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One result of a search; `snippet` is a sentence or two, and may be empty."""

    title: str
    url: str
    snippet: str = ""


class SearchProvider(Protocol):
    """Where results come from."""

    async def search(self, query: str, limit: int) -> list[SearchHit]:
        """At most `limit` hits, best first; an empty list only if the search worked and found nothing.

        Raises:
            SearchFailed: no answer was had, in words; any other exception counts as a failure too.
        """
        ...


class SearchFailed(Exception):
    """The search could not be carried out: not the same as a search that finds nothing.

    Args:
        message: why, in words.
        passing: asking once more in a moment may help: nobody answered in time, or was too busy.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def each_once(hits: Iterable[SearchHit], limit: int) -> list[SearchHit]:
    """The first hit of each address, in their order, at most `limit`."""
    found: dict[str, SearchHit] = {}
    for hit in hits:
        found.setdefault(hit.url, hit)
    return list(found.values())[:limit]


ProviderFactory: TypeAlias = Callable[[Mapping[str, Any]], SearchProvider]
