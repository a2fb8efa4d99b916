"""What a person may call what is stored."""

from datetime import UTC, datetime
from pathlib import Path

from agentx.errors import UsageError
from agentx_memory.checks import is_storable
from agentx_memory.store import Store, StoredChunk, Where

MIN_LETTERS = 4
"""Of a note's or fact's name, to mean it."""


def keys_of(store: Store, name: str) -> list[str]:
    """Keys of the documents that a person means: by name, source, path, folder, pattern, or the first letters of what
    is no file.

    Raises:
        UsageError: the memory holds no such thing, or as `patterns`.
    """
    saying = (f"note {name}*", f"fact {name}*") if len(name) >= MIN_LETTERS else ()
    for source in (*patterns(name), *saying):
        if found := store.sources(Where(sources=(source,))):
            return [item.key for item in found]
    raise UsageError(f"The memory holds no `{name}`; `agentx memory list` names what it holds.")


def chunks_of(store: Store, name: str) -> list[StoredChunk]:
    """The chunks of the documents that a person means, or the one that a number names, between its neighbours."""
    if found := store.chunks([name]):
        return sorted([*store.neighbours(name), *found], key=lambda chunk: chunk.position)
    return [chunk for key in keys_of(store, name) for chunk in store.document(key)]


def patterns(name: str) -> tuple[str, str, str]:
    """What documents of this name are stored under: the name itself, or a path, or what lies in that folder.

    A relative path, or a pattern with `*`, is also seen from the folder that one is in.

    Raises:
        UsageError: as `path_of`, or the path is no UTF-8.
    """
    path = path_of(name)
    if not is_storable(path):
        raise UsageError(f"`{name}` is no UTF-8, and nothing is stored under such a name.")
    return name, str(path), f"{path}/*"


def given(name: str) -> str:
    """What a person has typed to name something.

    Raises:
        UsageError: it is empty, as a variable of the shell is that was not set; as a path it would be the folder that
            one is in, and as a session what no session has noted.
    """
    if not name:
        raise UsageError("A name is empty, which names nothing; say what is meant.")
    return name


def path_of(name: str) -> Path:
    """A path that a person names, as documents are named: absolute, and where its links lead.

    Raises:
        UsageError: it is empty, or leads nowhere.
    """
    try:
        return Path(given(name)).expanduser().resolve()
    except RuntimeError:  # of `resolve` before Python 3.13, and of `expanduser`
        raise UsageError(f"`{name}` is a link that leads in a circle, or is in the folder of nobody.") from None


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
