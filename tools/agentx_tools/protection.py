"""What protects the places of one workspace: what other programs obey, and AgentX's own folders."""

from collections.abc import Iterable
from pathlib import Path

from agentx_tools.own import own_folders
from agentx_tools.protected import guard, guard_repository, linked


class Protection:
    """Tells which paths are protected. Where links lead is looked up once, since a program may change many files.

    Args:
        root: real path of the workspace.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._linked = [(name, folder.parts) for name, folder in linked(root)]
        self._own = [(str(folder), folder.parts) for folder in own_folders(root)]

    def of(self, parts: tuple[str, ...], asked: tuple[str, ...] = ()) -> str | None:
        """The name of what protects a place, or None where it may be changed.

        Args:
            parts: below the workspace, free of links.
            asked: the same as they were named, before links were followed.
        """
        path = (*self._root.parts, *parts)
        return (
            guard(parts)
            or guard(asked)
            or _holder(self._linked, path)
            or guard_repository(self._root, parts)
            or _holder(self._own, path)
        )


def _holder(places: Iterable[tuple[str, tuple[str, ...]]], path: tuple[str, ...]) -> str | None:
    """The name of the first place that a path is, or lies below."""
    return next((name for name, parts in places if path[: len(parts)] == parts), None)
