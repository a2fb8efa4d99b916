import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from agentx_tools.files import list_files, read_file
from agentx_tools.workspace import files_below, locate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentx.tool import ToolContext
from tests.gitignored import PATHS, RULES, laid_out, of_git


def listed(folder: Path, below: str = ".") -> list[str]:
    return list_files.function(context=ToolContext(workspace=folder), folder=below)


@pytest.mark.skipif(not shutil.which("git"), reason="git is the judge")
@settings(max_examples=150, deadline=None, database=None)
@example(["a/a", "a/b"], ["a/**", "!a/b"], [])
@example(["a/a", "a/b"], ["a/", "!a/b"], [])
@example(["a/b/a.py", "a/b/b.txt"], ["*", "!*/", "!*.py"], [])
@example(["a/a", "a/b", "b"], ["b"], ["!b", "/a"])
@given(st.lists(PATHS, min_size=1, max_size=8), RULES, RULES)
def test_what_git_leaves_out_is_left_out(paths, above, below):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        laid_out(folder, [*paths, "a/a"])
        (folder / ".gitignore").write_text("\n".join(above))
        if (folder / "a").is_dir():
            (folder / "a" / ".gitignore").write_text("\n".join(below))
        assert listed(folder) == of_git(folder)


def test_the_nearest_file_of_rules_decides(tmp_path):
    laid_out(tmp_path, ["a.log", "keep/a.log", "keep/b.tmp", "build/x", "src/build", ".git/info/exclude"])
    (tmp_path / ".gitignore").write_text("*.log\n*.tmp\nbuild/\n")
    (tmp_path / "keep" / ".gitignore").write_text("!*.log\n")
    (tmp_path / ".git" / "info" / "exclude").write_text("src\n")
    assert listed(tmp_path) == ["keep/a.log"]
    assert listed(tmp_path, "keep") == ["keep/a.log"]


def test_what_is_named_is_read_and_listed_all_the_same(tmp_path):
    laid_out(tmp_path, ["build/out.txt", "build/deep/more.txt"])
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "build" / "out.txt").write_text("made")
    assert listed(tmp_path) == []
    assert listed(tmp_path, "build") == ["build/deep/more.txt", "build/out.txt"]
    assert listed(tmp_path, "build/deep") == ["build/deep/more.txt"]
    assert read_file.function(context=ToolContext(workspace=tmp_path), path="build/out.txt") == "made"


def test_rules_that_are_no_file_of_the_folder_are_not_followed(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.write_text("*\n")
    laid_out(inside, ["a", "pipe/b", "folder/c"])
    (inside / ".gitignore").symlink_to(outside)
    os.mkfifo(inside / "pipe" / ".gitignore")
    (inside / "folder" / ".gitignore").mkdir()
    assert listed(inside) == ["a", "folder/c", "pipe/b"]


@pytest.mark.parametrize("name", [b"caf\xe9.log", "größe.log".encode(), b"a\xff.log"])
def test_names_of_any_bytes_are_matched(tmp_path, name):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    assert len(listed(tmp_path)) == 1
    (tmp_path / ".gitignore").write_bytes(name)
    assert listed(tmp_path) == []
    (tmp_path / ".gitignore").write_text("*.log")
    assert listed(tmp_path) == []


def test_hidden_files_come_where_they_are_asked_for_but_never_the_repository(tmp_path):
    laid_out(tmp_path, [".env", ".github/ci.yml", ".git/config", "a"])
    (tmp_path / ".gitignore").write_text(".env\n")
    found = files_below(locate(tmp_path, "."), hidden=True)
    assert found.paths == [".github/ci.yml", ".gitignore", "a"]


def test_many_files_and_many_rules_take_little_time(tmp_path):
    laid_out(tmp_path, [f"{number % 100}/{number}.py" for number in range(20_000)])
    (tmp_path / ".gitignore").write_text("".join(f"name{number}/*.x{number}\n" for number in range(200)))
    started = time.thread_time()
    found = files_below(locate(tmp_path, "."))
    assert len(found.paths) == 20_000 and not found.is_cut
    assert time.thread_time() - started < 3
