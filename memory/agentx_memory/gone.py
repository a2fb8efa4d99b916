"""Stored documents whose files are there no more."""

import os
from collections.abc import Iterator
from pathlib import Path

from agentx_memory.checks import is_storable
from agentx_memory.store import Store, Where


def gone(store: Store, place: Path) -> list[str]:
    """Keys of the documents that came from a path, or from below it, and whose files are gone.

    Args:
        place: absolute, links resolved, as documents are named.
    """
    return [key for key in _stored(store, place) if _is_gone(key)]


def holds_nothing(folder: Path) -> bool:
    """Whether a folder is without any file that would be read: more likely a disk that is not mounted than one that a
    person has emptied, so that nothing of it should be forgotten."""
    from agentx_memory.ingest import Skipped, files

    return all(isinstance(found, Skipped) for found in files([folder]))


def _stored(store: Store, place: Path) -> Iterator[str]:
    if not is_storable(place):
        return
    below = f"{str(place).rstrip('/')}/"
    for item in store.sources(Where(sources=(str(place), f"{below}*"))):
        # A note may name a file as its source, but is not that file.
        if item.key == str(place) or item.key.startswith(below):
            yield item.key


def _is_gone(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False  # what cannot be looked at now may be there
    return False
