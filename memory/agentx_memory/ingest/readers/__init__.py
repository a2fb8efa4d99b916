"""Readers of files, one module for each kind, named like it and with one function `read`.

They run in a process of their own, which is ended at its limits (`agentx_memory.ingest.reading_process`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from agentx_memory.chunks import Section


@dataclass(frozen=True, slots=True)
class Text:
    """What a reader makes of a file. The sections may be made while they are asked for."""

    sections: Iterable[Section]
    title: str = ""


class Reader(Protocol):
    """Reads one file."""

    def __call__(self, file: BinaryIO, name: str) -> Text:
        """The file's text in sections.

        Args:
            file: at its beginning, seekable.
            name: the last part of its path.

        Raises:
            Unreadable: the file is not what its name says, or holds nothing that can be read.
        """
        ...
