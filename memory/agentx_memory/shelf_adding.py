"""Adds files, folders and pages for a screen, which is told how far it is and may stop it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.shelf import Added, Progress, Telling
from agentx_memory.chunks import Document
from agentx_memory.store import Put, Store
from agentx_memory.taking_in import take_in
from agentx_memory.web_pages import Fetcher, is_address

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder


def add(
    store: Store,
    embedder: "Embedder",
    paths: list[str],
    tool_settings: Mapping[str, Mapping[str, Any]],
    telling: Telling,
    progress: Progress,
    stopped: Callable[[], bool],
) -> Added:
    """See `agentx.shelf.Shelf.add`."""
    from agentx.config import Settings

    fetcher = None
    if any(map(is_address, paths)):
        fetcher = Fetcher(Settings(tool_settings={name: dict(table) for name, table in tool_settings.items()}))
    telling("looking for files")
    report = _Report(_count(paths), progress, stopped)
    try:
        take_in(store, embedder, paths, report, fetcher)
        telling("bringing the index up to date")
        store.follow()
    except _Stopped:
        return replace(report.added, stopped=True)
    return report.added


def _count(paths: list[str]) -> int:
    from agentx_memory.ingest import files

    return sum(map(is_address, paths)) + sum(1 for _ in files([path for path in paths if not is_address(path)]))


class _Stopped(Exception):
    """The person wants no more of it."""


class _Report:
    """Counts for `Added`; see `agentx_memory.taking_in.Report`."""

    def __init__(self, total: int, progress: Progress, stopped: Callable[[], bool]) -> None:
        self.added = Added()
        self._total = total
        self._progress = progress
        self._stopped = stopped

    def stored(self, document: Document, put: Put) -> None:
        self.added = replace(self.added, stored=self.added.stored + 1)
        self._tell(document.source)

    def unchanged(self, name: str) -> None:
        self.added = replace(self.added, unchanged=self.added.unchanged + 1)
        self._tell(name)

    def skipped(self, name: str, reason: str) -> None:
        self.added = replace(self.added, skipped=(*self.added.skipped, (name, reason)))
        self._tell(name)

    def forgotten(self, key: str) -> None:
        self.added = replace(self.added, forgotten=self.added.forgotten + 1)

    def emptied(self, folder: Path) -> None:
        notice = f"{folder} holds no file now; what is stored of it stays."
        self.added = replace(self.added, notices=(*self.added.notices, notice))

    def _tell(self, name: str) -> None:
        added = self.added
        done = added.stored + added.unchanged + len(added.skipped)
        self._progress(done, max(done, self._total), name)
        if self._stopped():
            raise _Stopped
