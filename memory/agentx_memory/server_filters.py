"""Which documents a search may look at, as a condition of a Chroma server."""

import fnmatch
from collections.abc import Sequence
from typing import Any, TypeAlias

from agentx_memory.records import About, epoch
from agentx_memory.store import Where

Test: TypeAlias = dict[str, Any]


def terms(where: Where) -> list[Test]:
    """What the server can tell of a chunk; of its source see `matches`."""
    found: list[Test] = []
    if where.kinds:
        found.append({"kind": {"$in": list(where.kinds)}})
    if where.sessions:
        found.append({"session": {"$in": list(where.sessions)}})
    if where.since:
        found.append({"created_at": {"$gte": epoch(where.since)}})
    if where.until:
        found.append({"created_at": {"$lt": epoch(where.until)}})
    return found


def all_of(tests: list[Test]) -> Test | None:
    return {"$and": tests} if len(tests) > 1 else tests[0] if tests else None


def matches(about: About, sources: Sequence[str]) -> bool:
    """Whether a document is of one of the sources, or there are none to be of."""
    return not sources or any(
        fnmatch.fnmatchcase(about[name], source.replace("[", "[[]"))
        for source in sources
        for name in ("source", "document")
    )
