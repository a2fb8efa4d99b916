"""What a person may call what is stored."""

from datetime import UTC, datetime
from pathlib import Path

from agentx.errors import UsageError
from agentx_memory.store import Store, StoredChunk, Where

MIN_LETTERS = 4
"""Of a note's or fact's name, to mean it."""


def keys_of(store: Store, name: str) -> list[str]:
    """Keys of the documents that a person means: by name, source, path, folder, pattern, or the first letters of what
    is no file.

    Raises:
        UsageError: the memory holds no such thing.
    """
    path = str(Path(name).expanduser().absolute())
    saying = (f"note {name}*", f"fact {name}*") if len(name) >= MIN_LETTERS else ()
    for source in (name, path, f"{path}/*", *saying):
        if found := store.sources(Where(sources=(source,))):
            return [item.key for item in found]
    raise UsageError(f"The memory holds no `{name}`; `agentx memory list` names what it holds.")


def chunks_of(store: Store, name: str) -> list[StoredChunk]:
    """The chunks of the documents that a person means, or the one that a number names, between its neighbours."""
    if found := store.chunks([name]):
        return sorted([*store.neighbours(name), *found], key=lambda chunk: chunk.position)
    return [chunk for key in keys_of(store, name) for chunk in store.document(key)]


def pattern(source: str) -> str:
    """A path as it is stored, a folder with all that is in it; anything else as it is."""
    path = Path(source).expanduser()
    if path.is_dir():
        return f"{path.absolute()}/*"
    return str(path.absolute()) if path.is_file() else source


def utc(date: str, option: str) -> str:
    """A day or time of this place in UTC, as documents have it; "" for "".

    Raises:
        UsageError: it is none.
    """
    if not date:
        return ""
    try:
        return datetime.fromisoformat(date).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        raise UsageError(f"{option} takes a date such as 2026-03-31, not `{date}`.") from None
