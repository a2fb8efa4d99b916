"""From paths to documents: each file is found, opened, read and cut, or skipped with a sentence."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from agentx_memory.chunks import Document
from agentx_memory.ingest.cutting import Splitter, chunks
from agentx_memory.ingest.opening import Empty, Skipped, Unreadable, digest, opened
from agentx_memory.ingest.reading import SECONDS, ReadingProcess
from agentx_memory.ingest.walk import files

Known = Callable[[str, str], bool]
"""Given a file's source and digest, whether the same is stored already."""


def documents(
    paths: Iterable[Path | str], *, embedder: Splitter, known: Known | None = None, seconds: int = SECONDS
) -> Iterator[Document | Skipped]:
    """The files among the paths and in their folders, each read and cut, in the order of `files`.

    One document is held at a time: of 20 million characters at most, with chunks of twice that size in memory.

    Args:
        paths: files and folders, see `files`.
        embedder: cuts the texts to its own size, in its own tokens.
        known: asked with a file's absolute path and digest; where it says yes, the file is neither read nor cut, and
            nothing is yielded.
        seconds: for one file; see `agentx_memory.ingest.reading`.
    """
    with ReadingProcess(seconds) as process:
        for found in files(paths):
            document = found if isinstance(found, Skipped) else _document(found, embedder, known, process)
            if document is not None:
                yield document


def read_document(path: Path, *, embedder: Splitter, seconds: int = SECONDS) -> Document | Skipped:
    """One file, whatever its name and folder; see `documents`."""
    with ReadingProcess(seconds) as process:
        found = _document(path, embedder, None, process)
    return found or Skipped(path, "It holds no text.")


def _document(
    path: Path, embedder: Splitter, known: Known | None, process: ReadingProcess
) -> Document | Skipped | None:
    try:
        with opened(path) as descriptor:
            found = digest(descriptor)
            if known is not None and known(str(path), found):
                return None
            kind, title, sections = process.read(descriptor, path.name)
            cut = tuple(chunks(sections, embedder))
    except Unreadable as error:
        return Skipped(path, str(error), isinstance(error, Empty))
    if not cut:
        return Skipped(path, "It holds no text.", is_empty=True)
    return Document(str(path), kind, found, cut, title)
