import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from agentx_memory.ingest import files
from agentx_memory.ingest.rules import Rules
from hypothesis import example, given, settings
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
    for path in paths:
        try:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("1")
        except OSError:
            continue  # a name that is a file already, or a folder


def found(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in files([folder]) if isinstance(path, Path))


def of_git(folder: Path) -> list[str]:
    nothing = {"GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    run = {"cwd": folder, "env": {**os.environ, **nothing}, "check": True, "capture_output": True}
    subprocess.run(["git", "init", "-q"], **run)
    done = subprocess.run(["git", "ls-files", "-o", "-z", "--exclude-standard"], **run)
    return sorted(os.fsdecode(path) for path in done.stdout.split(b"\0") if path and b".git" not in path)


@pytest.mark.skipif(not shutil.which("git"), reason="git is the judge")
@settings(max_examples=60, deadline=None, database=None)
@example(["a/a", "a/b"], ["a/**", "!a/b"], [])
@example(["a/a", "a/b"], ["a/", "!a/b"], [])
@example(["a/b/a.py", "a/b/b.txt"], ["*", "!*/", "!*.py"], [])
@example(["é", "a"], ["?"], [])
@given(st.lists(PATHS, min_size=1, max_size=8), RULES, RULES)
def test_a_walk_leaves_out_what_git_leaves_out(paths, above, below):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        laid_out(folder, [*paths, "a/a"])
        (folder / ".gitignore").write_text("\n".join(above))
        if (folder / "a").is_dir():
            (folder / "a" / ".gitignore").write_text("\n".join(below))
        expected = of_git(folder)
        assert found(folder) == expected
        # Asked for one path, as a watch does, the rules say the same.
        for path in folder.rglob("*"):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
                assert Rules.hidden(folder, path) is (str(path.relative_to(folder)) not in expected)
