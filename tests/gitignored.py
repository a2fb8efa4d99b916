"""Folders with rules of what to ignore, and git as the judge of them."""

import os
import subprocess
from pathlib import Path

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "a.py", "b.txt", "é", "a b"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PIECES = st.sampled_from(["a", "b", "*", "**", "*.py", "?", "[ab]", "[!a]", "a.py", "é", "a b", "\\a", ""])
PATTERNS = st.builds(
    lambda mark, pieces, end: f"{mark}{'/'.join(pieces)}{end}",
    st.sampled_from(["", "", "!", "/", "!/", "#"]),
    st.lists(PIECES, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " ", "/**", "\r"]),
)
RULES = st.lists(PATTERNS, max_size=5)


def laid_out(folder: Path, paths: list[str]) -> None:
    """Writes a small file for each path that can be one."""
    for path in paths:
        try:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("1")
        except OSError:
            continue  # a name that is a file already, or a folder


def of_git(folder: Path) -> list[str]:
    """The files that git would take in, sorted."""
    nothing = {"GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    run = {"cwd": folder, "env": {**os.environ, **nothing}, "check": True, "capture_output": True}
    subprocess.run(["git", "init", "-q"], **run)
    done = subprocess.run(["git", "ls-files", "-o", "-z", "--exclude-standard"], **run)
    return sorted(os.fsdecode(path) for path in done.stdout.split(b"\0") if path and b".git" not in path)
