"""`agentx memory watch`: keeps a store in step with folders, and tells of each change."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agentx.cli.output import to_line
from agentx.cli.text import one_line
from agentx.errors import StorageError
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Document
from agentx_memory.forgetting import Forgetting
from agentx_memory.gone import gone, holds_nothing
from agentx_memory.store import Store

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder
    from agentx_memory.ingest import Change, Skipped

PATIENCE_S = 60.0
PAUSE_S = 1.0


def watch_folders(store: Store, embedder: "Embedder", folders: list[str], as_json: bool) -> int:
    """Brings the store up to what the folders hold, then follows their changes until Ctrl-C.

    Raises:
        UsageError: one of them is no folder.
        StorageError: another process has written for more than a minute.
    """
    from agentx.models.progress import narrator
    from agentx_memory.ingest import watch

    with narrator() as sink:
        embedder.load(sink)
    follower = _Follower(store, embedder, as_json)

    def begun() -> None:
        follower.begin([Path(folder).expanduser().resolve() for folder in folders])

    try:
        for changes in watch(folders, begun=begun):
            follower.follow(changes)
    except KeyboardInterrupt:
        store.compact()
        sys.stderr.write("Stopped watching; what is stored is whole.\n")
        raise
    return 0


class _Follower:
    """Keeps a store in step; another process that writes is waited for, `patience_s` at most from its first refusal."""

    def __init__(self, store: Store, embedder: "Embedder", as_json: bool, patience_s: float = PATIENCE_S) -> None:
        self._store = store
        self._embedder = embedder
        self._as_json = as_json
        self._patience_s = patience_s
        self._refused_since: float | None = None
        self._forgetting = Forgetting(store)

    def begin(self, folders: list[Path]) -> None:
        self._patiently(lambda: self._take(folders))
        self._patiently(lambda: self._drop([folder for folder in folders if not holds_nothing(folder)]))
        self._end()
        sys.stderr.write(f"Watching {', '.join(one_line(str(folder)) for folder in folders)}; Ctrl-C ends it.\n")

    def follow(self, changes: "list[Change]") -> None:
        # First what came: a file that was moved lends its vectors to what it is now.
        self._patiently(lambda: self._take([change.path for change in changes if change.kind != "removed"]))
        self._patiently(lambda: self._drop([change.path for change in changes if change.kind == "removed"]))
        self._end()

    def _end(self) -> None:
        """Leaves nothing of what was removed in the files, now: this process may be ended in any way."""
        self._patiently(self._forgetting.end)
        self._store.follow()

    def _patiently(self, work: Callable[[], None]) -> None:
        """Another process may be in the midst of adding much; nothing of the change must be lost by that."""
        self._refused_since = None
        while True:
            try:
                return work()
            except StorageError as error:
                if self._refused_since is None:
                    self._refused_since = time.monotonic()
                elif time.monotonic() - self._refused_since > self._patience_s:
                    raise
                sys.stderr.write(f"{error} Trying again.\n")
                time.sleep(PAUSE_S)

    def _take(self, paths: list[Path]) -> None:
        from agentx_memory.ingest import documents

        found = documents(paths, embedder=self._embedder, known=self._store.holds) if paths else iter(())
        for document, put in add_documents(self._store, self._embedder, self._readable(found)):
            self._refused_since = None  # the lock was to be had since
            what = "changed" if put.kept or put.removed else "added"
            self._tell(what, document.source, chunks=len(document.chunks))

    def _drop(self, places: list[Path]) -> None:
        for key in dict.fromkeys(key for place in places for key in gone(self._store, place)):
            self._forget(key)

    def _forget(self, key: str) -> None:
        if self._forgetting.forget(key):
            self._refused_since = None
            self._tell("removed", key)

    def _readable(self, found: "Iterable[Document | Skipped]") -> Iterator[Document]:
        for item in found:
            if isinstance(item, Document):
                yield item
            elif item.path.exists():
                self._tell("skipped", str(item.path), reason=item.reason)
                if item.is_empty:
                    self._forget(str(item.path))

    def _tell(self, what: str, path: str, **more: str | int) -> None:
        if self._as_json:
            told = to_line({"change": what, "source": path, **more})
        else:
            reason = f": {one_line(str(more['reason']), 300)}" if "reason" in more else ""
            told = f"{what} {one_line(path)}{reason}"
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()
