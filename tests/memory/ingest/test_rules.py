import shutil
import tempfile
from pathlib import Path

import pytest
from agentx_memory.ingest import files
from agentx_memory.ingest.rules import Rules
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.gitignored import PATHS, RULES, laid_out, of_git


def found(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in files([folder]) if isinstance(path, Path))


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
