"""A chunk as a record of a Chroma server, and back."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from agentx_memory.chunks import Document
from agentx_memory.schema import SPLIT
from agentx_memory.store import StoredChunk, StoredDocument, key_of, key_of_document

About: TypeAlias = dict[str, Any]


def records(document: Document) -> dict[str, About]:
    """Metadata of each chunk by its id, which is the same on whatever machine."""
    created = document.created or datetime.now(UTC).isoformat(timespec="seconds")
    key = key_of_document(document)
    shared: About = {
        "document": key,
        "source": document.source,
        "kind": document.kind,
        "title": document.title,
        "digest": document.digest,
        "created": created,
        "created_at": epoch(created),
        "session": document.session,
        "untrusted": document.untrusted,
        "count": len(document.chunks),
    }
    found: dict[str, About] = {}
    seen: Counter[str] = Counter()
    for position, chunk in enumerate(document.chunks):
        chunk_key = key_of(chunk)
        number = seen[chunk_key]
        seen[chunk_key] += 1
        id = hashlib.sha256(f"{key}\0{chunk_key}\0{number}".encode()).hexdigest()[:32]
        places = {"first_line": chunk.first_line, "last_line": chunk.last_line, "page": chunk.page}
        found[id] = {
            **shared,
            "position": position,
            "key": chunk_key,
            "text": chunk.text,
            "heading": SPLIT.join(chunk.heading),
            # Chroma knows no null.
            **{name: value if value is not None else -1 for name, value in places.items()},
        }
    return found


def searched_text(about: Mapping[str, Any]) -> str:
    """What the server looks for words in: it tells upper case from lower case."""
    return f"{about['heading']}\n{about['text']}".lower()


def as_chunk(id: str, about: Mapping[str, Any]) -> StoredChunk:
    places: About = {name: about[name] if about[name] >= 0 else None for name in ("first_line", "last_line", "page")}
    names = ("key", "text", "document", "source", "kind", "title", "created", "session", "untrusted", "position")
    heading = tuple(about["heading"].split(SPLIT)) if about["heading"] else ()
    shared: About = {name: about[name] for name in names}
    return StoredChunk(id, **shared, count=about["count"], heading=heading, **places)


def as_document(about: Mapping[str, Any]) -> StoredDocument:
    names = ("source", "kind", "title", "digest", "created", "session", "untrusted")
    return StoredDocument(about["document"], **{name: about[name] for name in names}, chunks=about["count"])


def epoch(created: str) -> float:
    """Seconds since 1970 of a UTC time in ISO 8601, which may be a date alone."""
    time = datetime.fromisoformat(created)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
