"""How `agentx memory` shows what is stored."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.cli.text import one_line, visible
from agentx_memory.chunks import SAYINGS
from agentx_memory.retrieval.hit import ordinal
from agentx_memory.store import Store, StoredChunk, StoredDocument

if TYPE_CHECKING:
    from agentx_memory.retrieval.hit import Hit

HEADS = ("STORED", "KIND", "CHUNKS", "NAME", "WHAT")
TEXT_CHARACTERS = 500

_WAYS = {"dense": "in meaning", "lexical": "by its words"}


def row(store: Store, item: StoredDocument) -> tuple[str, ...]:
    """A line of `list`; a note or fact is told by its text, for its name says nothing."""
    what = item.title
    if item.kind in SAYINGS and (first := store.document(item.key)[:1]):
        what = f"{first[0].text} ({item.source})"
    return _local(item.created), item.kind, str(item.chunks), item.key, what


def described(item: StoredDocument) -> dict[str, Any]:
    names = ("key", "source", "kind", "title", "created", "session", "untrusted", "chunks", "digest")
    return {name: getattr(item, name) for name in names}


def described_chunk(chunk: StoredChunk) -> dict[str, Any]:
    names = ("id", "text", "source", "place", "kind", "title", "heading", "first_line", "last_line", "page")
    more = ("position", "count", "created", "session", "untrusted", "document")
    return {name: getattr(chunk, name) for name in (*names, *more)}


def described_hit(hit: "Hit") -> dict[str, Any]:
    first = hit.chunks[0]
    return {
        "score": hit.score,
        "similarity": hit.similarity,
        "reason": hit.reason,
        "ranks": dict(hit.ranks),
        "place": hit.place,
        "also": list(hit.also),
        "source": hit.source,
        "kind": first.kind,
        "title": hit.title,
        "lines": hit.lines,
        "pages": hit.pages,
        "untrusted": hit.untrusted,
        "text": hit.text,
        "chunk": hit.found,
        "chunks": [chunk.id for chunk in hit.chunks],
    }


def shown_hits(hits: "Sequence[Hit]") -> str:
    """What was found, best first, each with its place in the list and why it has it."""
    return "\n".join(_shown_hit(number, hit) for number, hit in enumerate(hits, 1))


def why(hit: "Hit") -> str:
    """The ranks that a hit's place in the list comes from, for a person.

    A place is made of both: what stands high by its meaning and by its words goes before what one of them alone has
    found, though that be nearer in meaning. So the similarity need not fall from hit to hit.
    """
    near = f" (similarity {hit.similarity:.2f})" if hit.similarity is not None else ""
    ways = [f"{ordinal(rank)} {_WAYS.get(way, f'by {way}')}" for way, rank in hit.ranks.items()]
    if hit.ranks and next(iter(hit.ranks)) == "dense":
        ways[0] += near
    if hit.relevance is not None:
        ways.append(f"relevance {hit.relevance:.2f}")
    return ", ".join(ways)


def _shown_hit(number: int, hit: "Hit") -> str:
    title = f"  {one_line(hit.title)}" if hit.title else ""
    strange = "  (text of strangers)" if hit.untrusted else ""
    text = visible(hit.text.strip())
    if len(text) > TEXT_CHARACTERS:
        text = f"{text[:TEXT_CHARACTERS]}…"
    indented = "\n".join(f"    {line}" for line in text.splitlines())
    also = f"    the same: {one_line(', '.join(hit.also), 300)}\n" if hit.also else ""
    return f"{number}. {one_line(hit.place)}{title}{strange}: {why(hit)}\n{indented}\n{also}"


def stats(store: Store) -> dict[str, Any]:
    """What there is to tell of a store, by name."""
    found = store.sources()
    kinds = sorted({item.kind for item in found})
    folder = Path(store.place)
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return {
        "place": store.place,
        "collection": store.collection,
        "embedding model": store.stored_model() or "none yet",
        "documents": len(found),
        "chunks": store.count(),
        **{f"documents: {kind}": sum(item.kind == kind for item in found) for kind in kinds},
        **({"bytes": sum(path.stat().st_size for path in files)} if files else {}),
    }


def _local(created: str) -> str:
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return created
