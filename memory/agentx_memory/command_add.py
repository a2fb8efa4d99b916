"""`agentx memory add`: reads, embeds and stores files and pages, and tells what became of each."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agentx.cli.output import to_line
from agentx.cli.text import is_terminal, one_line
from agentx_memory.chunks import Document
from agentx_memory.store import Progress, Put, Store, no_progress
from agentx_memory.taking_in import take_in

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder
    from agentx_memory.web_pages import Fetcher


def add_paths(
    store: Store, embedder: "Embedder", paths: list[str], as_json: bool, fetcher: "Fetcher | None" = None
) -> int:
    """Stores what lies at the paths, and forgets files of named folders that are gone.

    Args:
        paths: files and folders, and addresses too where there is a fetcher.

    Returns:
        The exit code: 1 where all had to be skipped.
    """
    from agentx.models.progress import narrator

    with narrator() as sink:
        embedder.load(sink)
    tally = _Tally(as_json)
    try:
        with bar("documents") as progress:
            tally.progress = progress
            take_in(store, embedder, paths, tally, fetcher)
        with bar("chunks of the index") as progress:
            store.follow(progress)
    except KeyboardInterrupt:
        tally.tell("Stopped; what is stored so far is whole, and the same command goes on from here. ")
        raise
    tally.tell()
    return 1 if tally.left_out and not (tally.documents or tally.same) else 0


class _Tally:
    """Counts what became of the files, and tells of each as JSON or of the skipped ones on stderr."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.documents = self.same = self.left_out = self.gone = 0
        self.progress: Progress = no_progress
        self._added = self._removed = 0

    def unchanged(self, name: str) -> None:
        self.same += 1

    def skipped(self, name: str, reason: str) -> None:
        self.left_out += 1
        if self._as_json:
            sys.stdout.write(to_line({"skipped": name, "reason": reason}) + "\n")
        else:
            sys.stderr.write(f"skipped {one_line(name)}: {one_line(reason, 300)}\n")

    def forgotten(self, key: str) -> None:
        self.gone += 1
        if self._as_json:
            sys.stdout.write(to_line({"forgotten": key}) + "\n")

    def emptied(self, folder: Path) -> None:
        name = one_line(str(folder))
        sys.stderr.write(
            f"{name} holds no file now; what is stored of it stays: `agentx memory rm {name}` removes it.\n"
        )

    def stored(self, document: Document, put: Put) -> None:
        self.documents += 1
        self._added += put.added
        self._removed += put.removed
        if self._as_json:
            told = {"source": document.source, "kind": document.kind, "chunks": len(document.chunks)}
            changed = {"added": put.added, "kept": put.kept, "removed": put.removed}
            sys.stdout.write(to_line({**told, **changed}) + "\n")
        self.progress(self.documents, 0)

    def tell(self, before: str = "") -> None:
        gone = f", {self.gone:,} forgotten, for their files are gone or empty" if self.gone else ""
        sys.stderr.write(
            f"{before}{self.documents:,} documents stored ({self._added:,} chunks added, {self._removed:,} removed), "
            f"{self.same:,} unchanged, {self.left_out:,} skipped{gone}.\n"
        )


@contextmanager
def bar(what: str) -> Generator[Progress]:
    """Shows on stderr what is done, as a bar on a terminal, else as a line every 5 s; a total of 0 is unknown."""
    if not is_terminal(sys.stderr):
        yield _lines(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)


def _lines(what: str) -> Callable[[int, int], None]:
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= 5:
            last = time.monotonic()
            sys.stderr.write(f"{done:,}{f' of {total:,}' if total else ''} {what}\n")

    return tell
