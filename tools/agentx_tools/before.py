"""Keeps what the files of a workspace held before a program ran, so that its changes can be taken back like a tool's.

Nobody knows beforehand which files a program will change, so what is kept is what `agentx.changes` has seen of them.
"""

import stat
import time
from pathlib import Path

from agentx import changes
from agentx.changes import Image, Seen, Watched
from agentx.errors import ToolError
from agentx_tools import undo
from agentx_tools.protection import Protection
from agentx_tools.undo import Change
from agentx_tools.workspace import Place

MAX_CHANGES = 500
"""How many changes of one program are kept; what is beyond is named and stays as it is."""


def keep(root: Path, watched: Watched, tool: str, call: str) -> list[str]:
    """Keeps what the files of a workspace that have changed under this watch held before.

    Returns:
        Paths of those whose change cannot be taken back: beyond `MAX_CHANGES`, or what they hold now cannot be read.

    Raises:
        OSError, ToolError, StorageError: nothing can be kept.
    """
    root = root.resolve()
    seen, now, protection = watched.before, watched.look(), Protection(root)
    made: list[tuple[Change, bytes | None]] = []
    left: list[str] = []
    for path in sorted(changes.changed(seen, now), key=lambda path: _turn(seen.files.get(path), now.files.get(path))):
        before, after, place = seen.files.get(path), now.files.get(path), Place(root, tuple(path.split("/")))
        regular = all(image is None or stat.S_ISREG(image.mode) for image in (before, after))
        if not regular or protection.of(place.parts):
            continue
        if len(made) == MAX_CHANGES:
            left.append(path)
            continue
        try:
            change = _change(seen, place, before, _digest(place, after), tool, call)
        except (OSError, ToolError):
            left.append(path)
        else:
            made.append((change, before.content if before else None))
    if made:
        undo.note(root, made)
    return left


def _turn(before: Image | None, after: Image | None) -> int:
    """Where a change stands in what is kept, of which the last is taken back first.

    A file that was made has to go before a deleted one comes back whose folder it is now. Of too many it is new files
    whose changes are left out.
    """
    return 0 if after is None else 1 if before else 2


def _digest(place: Place, after: Image | None) -> str | None:
    """Of what a file holds after the program. What was seen is not read again: a folder may be in its place by now."""
    if after is None:
        return None
    return undo.digest_of(place) if after.content is None else undo.digest(after.content)


def _change(seen: Seen, place: Place, before: Image | None, after: str | None, tool: str, call: str) -> Change:
    content = before.content if before else None
    above = ("/".join(place.parts[:depth]) for depth in range(1, len(place.parts)))
    return Change(
        kept=Path(),
        path=str(place),
        at=time.time(),
        tool=tool,
        before=None if content is None else undo.digest(content),
        after=after,
        mode=stat.S_IMODE(before.mode) if before else None,
        size_bytes=before.stamp[1] if before else 0,
        folders=0 if before else sum(folder not in seen.folders for folder in above),
        whole=before is None or content is not None,
        call=call,
    )
