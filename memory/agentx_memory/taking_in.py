"""Files, folders and pages into a store: what `agentx memory add` and a screen have in common."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agentx_memory.adding import add_documents
from agentx_memory.chunks import Document
from agentx_memory.forgetting import Forgetting
from agentx_memory.store import Put, Store
from agentx_memory.web_pages import is_address

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder
    from agentx_memory.web_pages import Fetcher


class Report(Protocol):
    """Told what becomes of each file and page. What it raises stops the work between two documents."""

    def stored(self, document: Document, put: Put) -> None: ...

    def unchanged(self, name: str) -> None: ...

    def skipped(self, name: str, reason: str) -> None: ...

    def forgotten(self, key: str) -> None:
        """A file is gone from a named folder, or is empty now, and what was stored of it is gone too."""
        ...

    def emptied(self, folder: Path) -> None:
        """A named folder holds no file at all now, so that what is stored of it stays."""
        ...


def take_in(
    store: Store, embedder: "Embedder", paths: list[str], report: Report, fetcher: "Fetcher | None" = None
) -> None:
    """Stores what lies at the paths, and forgets files of named folders that are gone; `Store.follow` is the caller's.

    Args:
        paths: files and folders, and addresses too where there is a fetcher.

    Raises:
        ConfigError, StorageError, ModelError: as `add_documents`.
    """
    forgetting = Forgetting(store)
    files = _read(store, embedder, [path for path in paths if not is_address(path)], report, forgetting)
    pages = _fetched(store, embedder, paths, report, fetcher)
    try:
        for document, put in add_documents(store, embedder, chain(files, pages)):
            report.stored(document, put)
        _forget_gone(store, paths, report, forgetting)
    finally:
        forgetting.end()


def _read(
    store: Store, embedder: "Embedder", paths: list[str], report: Report, forgetting: Forgetting
) -> Iterator[Document]:
    from agentx_memory.ingest import documents

    def known(source: str, digest: str) -> bool:
        held = store.holds(source, digest)
        if held:
            report.unchanged(source)
        return held

    for item in documents(paths, embedder=embedder, known=known):
        if isinstance(item, Document):
            yield item
        else:
            report.skipped(str(item.path), item.reason)
            if item.is_empty and forgetting.forget(str(item.path)):
                report.forgotten(str(item.path))


def _fetched(
    store: Store, embedder: "Embedder", paths: list[str], report: Report, fetcher: "Fetcher | None"
) -> Iterator[Document]:
    for address in filter(is_address, paths):
        page = fetcher.page(address, embedder) if fetcher is not None else "Addresses are not fetched here."
        if isinstance(page, str):
            report.skipped(address, page)
        elif store.holds(address, page.digest):
            report.unchanged(address)
        else:
            yield page


def _forget_gone(store: Store, paths: list[str], report: Report, forgetting: Forgetting) -> None:
    from agentx_memory.gone import gone, holds_nothing

    for path in paths:
        if is_address(path) or (folder := _folder(path)) is None:
            continue
        if not (keys := gone(store, folder)):
            continue
        if holds_nothing(folder):
            report.emptied(folder)
            continue
        for key in keys:
            if forgetting.forget(key):
                report.forgotten(key)


def _folder(path: str) -> Path | None:
    """The folder that a path names, where its links lead; None where it names none, of which the walk has told."""
    try:
        folder = Path(path).expanduser().resolve()
    except RuntimeError:
        return None
    return folder if folder.is_dir() else None
