"""Which documents a search may look at, as a condition of SQL."""

from collections.abc import Sequence

from agentx_memory.store import Where

_WILD = frozenset("*?")


def condition(collection: str, where: Where) -> tuple[str, list[str]]:
    """A condition on the table `documents`, named `d`, with its values."""
    terms, values = ["d.collection = ?"], [collection]

    def any_of(tests: Sequence[str], given: Sequence[str]) -> None:
        if tests:
            terms.append(f"({' OR '.join(tests)})")
            values.extend(given)

    any_of(
        [f"d.source {_operator(source)} ? OR d.key {_operator(source)} ?" for source in where.sources],
        [_pattern(source) for source in where.sources for _ in range(2)],
    )
    any_of(["d.kind = ?"] * len(where.kinds), where.kinds)
    any_of(["d.session = ?"] * len(where.sessions), where.sessions)
    any_of(["d.created >= ?"] if where.since else [], [where.since])
    any_of(["d.created < ?"] if where.until else [], [where.until])
    return " AND ".join(terms), values


def _operator(source: str) -> str:
    return "GLOB" if _WILD & set(source) else "="


def _pattern(source: str) -> str:
    """Square brackets are part of many a file's name, and mean nothing here."""
    return source.replace("[", "[[]") if _WILD & set(source) else source
