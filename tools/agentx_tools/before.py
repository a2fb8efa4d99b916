"""Keeps what the files of a workspace held before a program ran, so that its changes can be taken back like a tool's.

Nobody knows beforehand which files a program will change, so what is kept is what `agentx.changes` has seen of them.
"""

import stat
import time
from pathlib import Path

from agentx import changes
from agentx.changes import Image, Seen, Watched
from agentx_tools import undo
from agentx_tools.protected import guard
from agentx_tools.undo import Change
from agentx_tools.workspace import Place

MAX_CHANGES = 500
"""How many changes of one program are kept; what is beyond stays as it is."""


def keep(root: Path, watched: Watched, tool: str, call: str) -> None:
    """Keeps what the files of a workspace that have changed under this watch held before.

    Raises:
        OSError, ToolError, StorageError: it cannot be kept.
    """
    root = root.resolve()
    seen, now = watched.before, watched.look()
    made: list[tuple[Change, bytes | None]] = []
    for path in changes.changed(seen, now):
        before, after, place = seen.files.get(path), now.files.get(path), Place(root, tuple(path.split("/")))
        regular = all(image is None or stat.S_ISREG(image.mode) for image in (before, after))
        if regular and not guard(place.parts) and len(made) < MAX_CHANGES:
            made.append((_change(seen, place, before, tool, call), before.content if before else None))
    if made:
        undo.note(root, made)


def _change(seen: Seen, place: Place, before: Image | None, tool: str, call: str) -> Change:
    content = before.content if before else None
    above = ("/".join(place.parts[:depth]) for depth in range(1, len(place.parts)))
    return Change(
        kept=Path(),
        path=str(place),
        at=time.time(),
        tool=tool,
        before=None if content is None else undo.digest(content),
        after=undo.digest_of(place),
        mode=stat.S_IMODE(before.mode) if before else None,
        size_bytes=before.stamp[1] if before else 0,
        folders=0 if before else sum(folder not in seen.folders for folder in above),
        whole=before is None or content is not None,
        call=call,
    )
