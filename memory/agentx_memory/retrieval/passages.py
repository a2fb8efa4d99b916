"""From chunks that were found to passages worth reading: nothing twice, neighbours joined, no more than a budget."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from agentx_memory.retrieval.hit import Hit
from agentx_memory.store import Store, StoredChunk

SHINGLE_WORDS = 3
ALIKE = 0.8
"""Least share of common word triples (Jaccard) at which two texts are one: Broder, "On the resemblance and containment
of documents", 1997."""


def distinct(hits: Iterable[Hit], limit: int) -> list[Hit]:
    """The first hits, without those that repeat a better one nearly word for word; these are named in its `also`.

    What comes after the last of them is not looked at.
    """
    kept: list[Hit] = []
    known: list[frozenset[tuple[str, ...]]] = []
    for hit in hits if limit > 0 else ():
        shingles = _shingles(hit.text)
        same = next((place for place, other in enumerate(known) if _resemblance(shingles, other) >= ALIKE), None)
        if same is not None:
            kept[same] = replace(kept[same], also=(*kept[same].also, hit.place))
            continue
        kept.append(hit)
        known.append(shingles)
        if len(kept) == limit:
            break
    return kept


def joined(hits: Sequence[Hit], store: Store, around: int = 1) -> list[Hit]:
    """Each hit with its neighbours in the same section; hits that come to touch are one, at the better one's rank.

    A neighbour under another heading is about something else.

    Args:
        around: how many chunks to take on each side; 0 joins only hits that touch as they are.
    """
    passages: list[Hit] = []
    for hit in hits:
        wider = replace(hit, chunks=_widened(hit.chunks[0], store, around)) if around else hit
        touching = [other for other in passages if _touch(other, wider)]
        if not touching:
            passages.append(wider)
            continue
        first = touching[0]
        chunks = {chunk.id: chunk for passage in (*touching, wider) for chunk in passage.chunks}
        whole = tuple(sorted(chunks.values(), key=lambda chunk: chunk.position))
        passages[passages.index(first)] = replace(first, chunks=whole)
        passages = [passage for passage in passages if passage not in touching[1:]]
    return passages


def within(hits: Sequence[Hit], budget_tokens: int, count: Callable[[str], int]) -> list[Hit]:
    """The hits that together fit the budget, best first; one that is too long makes room for shorter ones behind it."""
    kept: list[Hit] = []
    left = budget_tokens
    for hit in hits:
        if (tokens := count(hit.text)) <= left:
            kept.append(hit)
            left -= tokens
    return kept


def estimated_tokens(text: str) -> int:
    """About how many tokens a decoder makes of a text: four characters of English are one."""
    return len(text) // 4 + 1


def _widened(chunk: StoredChunk, store: Store, around: int) -> tuple[StoredChunk, ...]:
    if chunk.count == 1:
        return (chunk,)
    near = [other for other in store.neighbours(chunk.id, around, around) if other.heading == chunk.heading]
    return tuple(sorted([*near, chunk], key=lambda one: one.position))


def _touch(one: Hit, other: Hit) -> bool:
    first, second = one.chunks[0], other.chunks[0]
    if (first.document, first.heading) != (second.document, second.heading):
        return False
    return first.position <= other.chunks[-1].position + 1 and second.position <= one.chunks[-1].position + 1


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[place : place + SHINGLE_WORDS]) for place in range(max(1, len(words) - 2)))


def _resemblance(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    return len(one & other) / max(1, len(one | other))
