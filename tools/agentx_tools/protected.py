"""What lies in a workspace and is obeyed later, outside of any walls: neither a program nor a tool may change it."""

import os
from contextlib import suppress
from pathlib import Path

PROTECTED = (".agentx", ".git/hooks", ".git/config", ".git/config.worktree", ".git/commondir")
"""Paths below the workspace; what they hold may be read."""

_OF_A_REPOSITORY = {Path(name).name: name for name in PROTECTED if name.startswith(".git/")}


def guard(parts: tuple[str, ...]) -> str | None:
    """The name of what protects a path, or None where it may be changed.

    Stricter than the list where that costs nothing: it holds in every folder, in the repositories of submodules and
    worktrees that lie below `.git`, and whatever the case of the letters, which some file systems do not tell apart. A
    file `.git` is protected too: it says where the repository lies.
    """
    folded = tuple(part.casefold() for part in parts)
    for name in PROTECTED:
        first, *rest = name.split("/")
        for place, part in enumerate(folded):
            if part == first and (not rest or rest[0] in folded[place + 1 :]):
                return name
    return ".git" if folded and folded[-1] == ".git" else None


def linked(root: Path) -> list[tuple[str, Path]]:
    """The names of `PROTECTED`, each with where its links lead in a workspace: no path below there shows it."""
    return [(name, Path(os.path.realpath(root / name))) for name in PROTECTED]


def guard_repository(root: Path, parts: tuple[str, ...]) -> str | None:
    """The name of what protects a path in a repository of another name, as where `.git` is a file that names it.

    Args:
        parts: below the workspace `root`, free of links.
    """
    for place, part in enumerate(parts):
        name = _OF_A_REPOSITORY.get(part.casefold())
        if name and _is_repository(root.joinpath(*parts[:place])):
            return name
    return None


def _is_repository(folder: Path) -> bool:
    """By what git itself tells one; that of a worktree has the rest in the one that it belongs to."""
    with suppress(OSError):
        has_objects = (folder / "objects").is_dir() and (folder / "refs").is_dir()
        return (folder / "HEAD").is_file() and (has_objects or (folder / "commondir").is_file())
    return False
