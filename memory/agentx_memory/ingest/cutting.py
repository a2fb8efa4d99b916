"""Sections to chunks of the embedding model's size, each with its place in the document."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from agentx_memory.chunks import Chunk, Section
from agentx_memory.ingest.blocks import blocks

MAX_CHARACTERS = 2_000
"""Of a chunk. 64 tokens of prose are some 300, but a tokenizer may take a word of any length for one unknown token."""


class Splitter(Protocol):
    """The part of an embedder that knows how much of a text it can see; see `agentx_memory.embedder.Embedder`."""

    def split(self, text: str) -> list[str]:
        """The text in pieces that each fit the model; joined, they are the text."""
        ...


def chunks(sections: Iterable[Section], splitter: Splitter) -> Iterator[Chunk]:
    """What there is to find in the sections: no chunk spans two of them, and one without a letter or digit is left out.

    A chunk's text stands in the document as it is, save the blank lines and spaces at its ends, and its lines are those
    that it stands on.
    """
    for section in sections:
        for block in blocks(section):
            line = block.line
            for piece in _pieces(block.text, splitter):
                if any(map(str.isalnum, piece)):
                    yield _chunk(block, piece, line)
                if line is not None:
                    line += piece.count("\n")


def _pieces(text: str, splitter: Splitter) -> Iterator[str]:
    for piece in splitter.split(text):
        for start in range(0, len(piece), MAX_CHARACTERS):
            yield piece[start : start + MAX_CHARACTERS]


def _chunk(section: Section, piece: str, line: int | None) -> Chunk:
    begun = piece.lstrip()
    # The indentation of a first line is kept.
    blank, newline, _ = piece[: len(piece) - len(begun)].rpartition("\n")
    text = piece[len(blank) + len(newline) :].rstrip()
    if line is None:
        return Chunk(text, section.heading, page=section.page)
    if section.last_line is not None:
        return Chunk(text, section.heading, section.line, section.last_line, section.page)
    first = line + (blank + newline).count("\n")
    return Chunk(text, section.heading, first, first + text.count("\n"), section.page)
