"""The text that a passage was taken from: its file where that is text, else what is stored of it."""

from pathlib import Path

from agentx.shelf import Passage, Source
from agentx_memory.chunks import SAYINGS
from agentx_memory.ingest import Unreadable, digest_of
from agentx_memory.store import Store, StoredChunk
from agentx_memory.web_pages import is_address

AROUND_LINES = 2_000
"""Lines of a file on each side of the passage."""
LINE_CHARACTERS = 2_000


def source(store: Store, passage: Passage) -> Source:
    """The lines around a passage. Raises StorageError where the store cannot be read."""
    chunks = [chunk for chunk in store.document(passage.document) if chunk.document == passage.document]
    name = chunks[0].source if chunks else passage.document
    # A note may name a file as its source, but is not that file.
    if passage.lines is None or passage.kind in SAYINGS or is_address(name):
        return _stored(name, passage, chunks, "")
    try:
        return _of_file(store, Path(name), passage, passage.lines)
    except Unreadable as error:
        return _stored(name, passage, chunks, f"The file cannot be shown: {error} This is what is stored of it.")


def _of_file(store: Store, path: Path, passage: Passage, lines: tuple[int, int]) -> Source:
    from agentx_memory.ingest.opening import opened
    from agentx_memory.ingest.readers.text import text_of

    digest = digest_of(path)
    with opened(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
        found = text_of(file).split("\n")
    first = max(1, min(lines[0], len(found)) - AROUND_LINES)
    shown = tuple(text[:LINE_CHARACTERS] for text in found[first - 1 : lines[1] + AROUND_LINES])
    notice = "" if store.holds(passage.document, digest) else "The file has changed since it was stored."
    last = first + len(shown) - 1
    return Source(str(path), shown, first, (min(lines[0], last), min(lines[1], last)), notice)


def _stored(name: str, passage: Passage, chunks: list[StoredChunk], notice: str) -> Source:
    lines: list[str] = []
    marked = (1, 1)
    for chunk in chunks:
        begin = len(lines) + 1
        lines += [text[:LINE_CHARACTERS] for text in chunk.text.strip("\n").split("\n")]
        if chunk.id == passage.id:
            marked = (begin, len(lines))
        lines.append("")
    return Source(name, tuple(lines[:-1]), 1, marked, notice)
