"""Completes a path as it is typed, from what lies in its folder."""

import os
from pathlib import Path

from textual.suggester import Suggester

from agentx.threads import in_thread

MAX_NAMES = 10_000


class PathSuggester(Suggester):
    """Suggests the first name, in alphabetical order, that begins as what was typed does; a folder with its slash.

    Args:
        folder: what relative paths are relative to.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._folder = folder

    async def get_suggestion(self, value: str) -> str | None:
        return await in_thread(lambda: completed(value, self._folder), name="agentx-paths")


def completed(typed: str, folder: Path) -> str | None:
    """The path that what was typed may become; None where there is none, or where it is an address."""
    if not typed or "://" in typed:
        return None
    above, slash, begun = typed.rpartition("/")
    try:
        place = folder / Path(above + slash).expanduser()
        with os.scandir(place) as entries:
            found = [entry for _, entry in zip(range(MAX_NAMES), entries, strict=False)]
        wanted = [entry for entry in found if entry.name.startswith(begun) and entry.name.isprintable()]
        if not begun:  # what is hidden is meant by who types its dot
            wanted = [entry for entry in wanted if not entry.name.startswith(".")]
        first = min(wanted, key=lambda entry: entry.name, default=None)
        if first is None:
            return None
        return f"{above}{slash}{first.name}{'/' if first.is_dir() else ''}"
    except (OSError, RuntimeError, ValueError):
        return None
