"""Finds the files in folders, in sorted order, and follows no link."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentx_memory.checks import is_storable
from agentx_memory.ingest.opening import Empty, Skipped, Unreadable, check_kind, why
from agentx_memory.ingest.rules import Rules

_LINK = "It is a link, and links are not followed; add what it leads to."
_NAME = "Its name is no UTF-8, so that nothing can be stored under it; rename it."


def files(paths: Iterable[Path | str]) -> Iterator[Path | Skipped]:
    """What there is to read, each file once, in sorted order for each path; no file is opened.

    Args:
        paths: files and folders. What is hidden, what `.gitignore` leaves out and what tools fill (`node_modules`, a
            virtual environment, a cache) is found only if it is named itself.

    Yields:
        An absolute path, or why one will not be read: a folder that may not be entered, a link, a pipe, a name that
        is no UTF-8.
    """
    seen: set[str] = set()
    for named in paths:
        for found in _named(Path(named)):
            place = str(found.path if isinstance(found, Skipped) else found)
            if place not in seen:
                seen.add(place)
                yield found


def _named(path: Path) -> Iterator[Path | Skipped]:
    try:
        # A link that is named is meant.
        place = path.expanduser().resolve(strict=True)
        found = os.lstat(place)
    except RuntimeError:  # of `resolve` before Python 3.13, and of `expanduser`
        yield Skipped(path, "It is a link that leads in a circle, or the folder of nobody.")
        return
    except OSError as error:
        yield Skipped(path, why(error))
        return
    if stat.S_ISDIR(found.st_mode):
        yield from _walk(place)
    else:
        yield _checked(place, found)


def _walk(root: Path) -> Iterator[Path | Skipped]:
    waiting: list[tuple[str, os.stat_result | None, Rules]] = [(str(root), None, Rules.above(root))]
    while waiting:
        path, found, rules = waiting.pop()
        if found is not None:
            yield Skipped(Path(path), _LINK) if stat.S_ISLNK(found.st_mode) else _checked(Path(path), found)
            continue
        try:
            entries = _entries(path)
        except OSError as error:
            yield Skipped(Path(path), why(error))
            continue
        rules = rules.within(path)
        waiting += [
            (entry, None if stat.S_ISDIR(state.st_mode) else state, rules)
            for entry, state in reversed(entries)
            if not rules.hide(entry, stat.S_ISDIR(state.st_mode))
        ]


def _entries(folder: str) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                found.append((entry.path, entry.stat(follow_symlinks=False)))
            except FileNotFoundError:
                continue
    return sorted(found, key=lambda pair: pair[0])


def _checked(path: Path, found: os.stat_result) -> Path | Skipped:
    if not is_storable(path):
        return Skipped(path, _NAME)
    try:
        check_kind(found)
    except Unreadable as error:
        return Skipped(path, str(error), isinstance(error, Empty))
    return path
