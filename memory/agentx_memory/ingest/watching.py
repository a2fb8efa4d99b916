"""Tells what changes in folders."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

from agentx.errors import UsageError
from agentx_memory.ingest.opening import Skipped
from agentx_memory.ingest.rules import Rules
from agentx_memory.ingest.walk import files

DEBOUNCE_MS = 1600
"""After the first change others are waited for, up to this time or until nothing more comes for a moment: an editor
writes a file in several steps, and a checkout thousands of them."""

IDLE_MS = 500
"""After so long without a change the watcher is known to have begun."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened at a path: there is a file that was not there, or has other bytes, or none any more.

    A removed path may be that of a folder: then all that lay under it is gone.
    """

    path: Path
    kind: Literal["added", "changed", "removed"]


def watch(
    folders: Iterable[Path | str],
    *,
    stop: Event | None = None,
    debounce_ms: int = DEBOUNCE_MS,
    begun: Callable[[], None] | None = None,
) -> Iterator[list[Change]]:
    """What changes under folders, a batch at a time, sorted by path, until `stop` is set; blocks between.

    What `files` would leave out or skip is left out here too. A file that is replaced as a whole, as editors do, may
    come as added; a digest tells whether its bytes are others.

    Args:
        begun: called once, when no change can be missed any more; those that come while it runs are told after it.

    Raises:
        UsageError: there is no such folder.
    """
    import watchfiles

    roots = [_root(Path(folder)) for folder in folders]
    batches = watchfiles.watch(
        *roots,
        watch_filter=None,
        debounce=debounce_ms,
        stop_event=stop,
        raise_interrupt=True,
        rust_timeout=IDLE_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    for batch in batches:
        if begun is not None:
            begun()
            begun = None
        new = {path for change, path in batch if change == watchfiles.Change.added}
        found = {
            change.path: change for path in {path for _, path in batch} for change in _changes(path, path in new, roots)
        }
        if found:
            yield sorted(found.values(), key=lambda change: change.path)


def _root(folder: Path) -> Path:
    try:
        root = folder.expanduser().resolve(strict=True)
    except (OSError, RuntimeError):
        raise UsageError(f"There is no folder {folder} to watch.") from None
    if not root.is_dir():
        raise UsageError(f"{folder} is no folder; watch the one that it lies in.")
    return root


def _changes(place: str, is_new: bool, roots: list[Path]) -> Iterator[Change]:
    path = Path(place)
    if os.path.realpath(path.parent) != str(path.parent):
        # The watcher enters linked folders, a walk does not. The roots are where their links lead.
        return
    inside = [root for root in roots if path.is_relative_to(root)]
    if all(Rules.hidden(root, path) for root in inside):
        return
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        yield Change(path, "removed")
        return
    if stat.S_ISDIR(mode) and is_new:
        # What came with a folder, or before it was watched, is not told one by one.
        yield from (Change(found, "added") for found in files([path]) if not isinstance(found, Skipped))
    elif stat.S_ISREG(mode):
        yield Change(path, "added" if is_new else "changed")
