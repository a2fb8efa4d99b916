"""What files held before a tool changed them, so that `agentx undo` can take a change back.

It lies in the user's data folder, apart for each workspace, one file a change. That file is on the disk before the
change is made, so whatever is killed in between, the file is as it was or the change can be taken back.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentx.errors import StorageError, ToolError, UsageError
from agentx.tool import ToolContext
from agentx_tools import undo_store, workspace
from agentx_tools.workspace import Place, Written

_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one file that can be taken back.

    Attributes:
        kept: the file that holds what was there before.
        path: of the changed file, in the workspace.
        at: when, in seconds since 1970.
        tool: the tool that made it.
        before: digest of what the file held; None if there was none.
        after: digest of what it held then; None if it was deleted.
        mode: permission bits of the file before.
        size_bytes: how much it held.
        folders: how many folders were made for a new file.
        whole: what it held is kept; False where it was too large.
        call: id of the call that made it; "" outside a run.
    """

    kept: Path
    path: str
    at: float
    tool: str
    before: str | None
    after: str | None
    mode: int | None
    size_bytes: int
    folders: int
    whole: bool
    call: str = ""

    def content(self) -> bytes:
        """What the file held before."""
        _, _, content = self.kept.read_bytes().partition(b"\n")
        return content


def change(
    place: Place, tool: str, changed: Callable[[bytes | None], bytes], keep: bool = True, call: str = ""
) -> tuple[bytes | None, Written]:
    """Changes a file so that it can be taken back; returns what it held before, and what was written.

    Args:
        changed: from what the file holds to what it shall hold; gets None if there is no file, or one that is too
            large to be kept.
        keep: False does without taking it back.
        call: id of the call that makes the change.

    Raises:
        ToolError: the file cannot be read or written, or what it held cannot be kept; it is then as it was.
    """
    workspace.refuse_protected(place)
    if not keep:
        before, _ = _held(place)
        return before, workspace.write_bytes(place, changed(before))
    store = undo_store.store_of(place.root)
    try:
        with undo_store.locked(store):
            before, status = _held(place)
            after = changed(before)
            item = _item(place, tool, call, before, status, digest(after))
            kept = _keep(store, item, before) if after != before else None
            try:
                written = workspace.write_bytes(place, after)
            except BaseException:
                if kept:
                    kept.unlink()
                raise
            with suppress(OSError):
                undo_store.forget_old(store)
    except OSError as error:
        raise ToolError(
            f"`{place}` was not written, since what it held before cannot be kept in {store} ({error.strerror}); the "
            "user can free some space there, set AGENTX_DATA_DIR to another folder, or do without undo."
        ) from None
    return before, written


def note(root: Path, made: Sequence[tuple[Change, bytes | None]]) -> None:
    """Writes down changes that were made already, by a program, each with what the file held before.

    What the calls that the program made have changed of the same file is then a part of it. Where they are all of it
    they stay, in the turn of that file: behind what was kept before it here, which cannot come back before they go.

    Raises:
        OSError, StorageError: they cannot be kept.
    """
    store = undo_store.store_of(root)
    with undo_store.locked(store):
        known, has_kept = changes(root), False
        for item, before in made:
            parts = [part for part in known if part.path == item.path and part.call.startswith(f"{item.call}.")]
            if _are_all_of(item, parts):
                for part in reversed(parts) if has_kept else ():
                    undo_store.make_last(part.kept)
                continue
            _keep(store, item, before)
            has_kept = True
            for part in parts:
                part.kept.unlink(missing_ok=True)
        with suppress(OSError):
            undo_store.forget_old(store)


def _are_all_of(item: Change, parts: Sequence[Change]) -> bool:
    """Whether calls of a program, the last first, are all that has changed a file while it ran."""
    states = [item.after, *(state for part in parts for state in (part.after, part.before)), item.before]
    return bool(parts) and all(one == other for one, other in zip(states[::2], states[1::2], strict=True))


def changes(root: Path) -> list[Change]:
    """The changes of a workspace that can be taken back, the last first.

    Raises:
        StorageError: they cannot be read.
    """
    store = undo_store.store_of(root.resolve())
    try:
        found = [_read(store / name) for name in undo_store.names(store)]
    except OSError as error:
        raise _unreadable(store, error) from None
    return [item for item in found if item]


def take_back(root: Path, force: bool = False) -> Change:
    """Takes the last change of a workspace back, and returns it.

    A change that was kept and not made, since its process was killed, is passed over.

    Args:
        force: do so even if the file was changed since.

    Raises:
        UsageError: there is none, or the file was changed since.
        ToolError: the file cannot be written.
        StorageError: what was kept cannot be read.
    """
    root = root.resolve()
    store = undo_store.store_of(root)
    try:
        with undo_store.locked(store) if store.exists() else nullcontext():
            for item in changes(root):
                place = Place(root, tuple(item.path.split("/")))
                try:
                    now = digest_of(place)
                except ToolError as error:
                    if not force:
                        raise UsageError(
                            f"{str(error).rstrip('.')}, so its change by {item.tool} cannot be taken back; "
                            "`agentx undo --force` passes over it."
                        ) from None
                    item.kept.unlink()
                    continue
                if now == item.after or (now != item.before and force):
                    _restore(place, item)
                    item.kept.unlink()
                    return item
                if now != item.before:
                    what = "changed" if now else "deleted"
                    raise UsageError(
                        f"{workspace.shown(item.path)} was {what} since {item.tool} wrote it; "
                        "`agentx undo --force` puts back what was there before, and what is there now is lost."
                    )
                item.kept.unlink()
    except OSError as error:
        raise _unreadable(store, error) from None
    raise UsageError(f"There is no change to take back in {root}; `--workspace` names another folder.")


def take_back_call(root: Path, call: str) -> list[str]:
    """Takes back what one call changed, the last change first; returns the paths of the files.

    Raises:
        UsageError: a file was changed since, or was too large to be kept; what is left of the changes stays.
        ToolError, StorageError: as `take_back`.
    """
    root = root.resolve()
    store, paths = undo_store.store_of(root), list[str]()
    try:
        with undo_store.locked(store) if store.exists() else nullcontext():
            for item in changes(root):
                if item.call != call:
                    continue
                place = Place(root, tuple(item.path.split("/")))
                now = digest_of(place)
                if now not in (item.after, item.before):
                    raise UsageError(f"{workspace.shown(item.path)} was changed since {item.tool} wrote it.")
                if now != item.before:
                    _restore(place, item)
                paths.append(item.path)
                item.kept.unlink(missing_ok=True)
    except OSError as error:
        raise _unreadable(store, error) from None
    return paths


def of_call(context: ToolContext) -> list[str]:
    """Takes back what a call changed, for a tool's `undo`; see `take_back_call`."""
    return take_back_call(context.workspace, context.call_id)


def _restore(place: Place, item: Change) -> None:
    if not item.whole:
        item.kept.unlink()
        raise UsageError(
            f"{workspace.shown(item.path)} was too large to be kept, so its change stays; the next `agentx undo` "
            "takes back the one before it."
        )
    if item.before is not None:
        workspace.write_bytes(place, item.content(), item.mode)
    elif workspace.status(place) is not None:
        workspace.remove(place, item.folders)


def _held(place: Place) -> tuple[bytes | None, os.stat_result | None]:
    """What a file holds, and what the system says of it; no content of one that is too large to be kept."""
    status = workspace.status(place)
    is_kept = status is not None and status.st_size <= workspace.MAX_READ_BYTES
    return (workspace.read_bytes(place) if is_kept else None), status


def _item(
    place: Place, tool: str, call: str, before: bytes | None, status: os.stat_result | None, after: str | None
) -> Change:
    """What is known of a change before it is made."""
    return Change(
        kept=Path(),
        path=str(place),
        at=time.time(),
        tool=tool,
        before=None if before is None else digest(before),
        after=after,
        mode=status.st_mode & 0o7777 if status else None,
        size_bytes=status.st_size if status else 0,
        folders=0 if status else _missing_folders(place),
        whole=status is None or status.st_size <= workspace.MAX_READ_BYTES,
        call=call,
    )


def _keep(store: Path, item: Change, before: bytes | None) -> Path:
    """Writes a change down, and what the file held, as the last of its workspace; gives the file that holds both."""
    header = {name: value for name, value in asdict(item).items() if name != "kept"}
    kept = store / undo_store.next_name(store, len(before or b""))
    # One name is enough, since the lock is held; what a killed process left there is written over.
    unfinished = store / _UNFINISHED
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(json.dumps(header).encode() + b"\n" + (before or b""))
            file.flush()
            os.fsync(file.fileno())
        return unfinished.rename(kept)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _missing_folders(place: Place) -> int:
    depths = range(1, len(place.parts))
    return sum(workspace.status(Place(place.root, place.parts[:depth])) is None for depth in depths)


def _read(kept: Path) -> Change | None:
    """One change; None if its file is damaged, or was just taken away."""
    try:
        with kept.open("rb") as file:
            line = file.readline()
        header: dict[str, Any] = json.loads(line)
        # Whoever wrote the file: it names a place in the workspace, or nothing.
        if any(part in ("", ".", "..") for part in str(header["path"]).split("/")):
            return None
        return Change(kept=kept, **header)
    except (ValueError, TypeError, KeyError, FileNotFoundError):
        return None


def digest(content: bytes) -> str:
    """By which it is told later whether a file still holds what a change has left."""
    return hashlib.sha256(content).hexdigest()


def digest_of(place: Place) -> str | None:
    """Of what a file holds now; None if there is none."""
    if workspace.status(place) is None:
        return None
    with workspace.opened(place) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreadable(store: Path, error: OSError) -> StorageError:
    return StorageError(f"What could be undone cannot be read in {store} ({error.strerror}); check that folder.")
