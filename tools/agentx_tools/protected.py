"""What lies in a workspace and is obeyed later, outside of any walls: neither a program nor a tool may change it."""

PROTECTED = (".agentx", ".git/hooks", ".git/config", ".git/config.worktree", ".git/commondir")
"""Paths below the workspace; what they hold may be read."""


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
