"""How `agentx memory` shows what is stored."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.cli.text import one_line, visible
from agentx_memory.chunks import SAYINGS
from agentx_memory.store import Store, StoredChunk, StoredDocument

if TYPE_CHECKING:
    from agentx_memory.retrieval.hit import Hit

HEADS = ("STORED", "KIND", "CHUNKS", "NAME", "WHAT")
TEXT_CHARACTERS = 500


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


def shown_hit(hit: "Hit") -> str:
    near = f", similarity {hit.similarity:.2f}" if hit.similarity is not None else ""
    title = f"  {one_line(hit.title)}" if hit.title else ""
    strange = "  (text of strangers)" if hit.untrusted else ""
    text = visible(hit.text.strip())
    if len(text) > TEXT_CHARACTERS:
        text = f"{text[:TEXT_CHARACTERS]}…"
    indented = "\n".join(f"    {line}" for line in text.splitlines())
    return f"{hit.score:.4f}  {hit.reason}{near}  {one_line(hit.place)}{title}{strange}\n{indented}\n"


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
