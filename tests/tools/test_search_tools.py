import codecs
import os
import subprocess
import time

import pytest
from agentx_tools.glob import glob
from agentx_tools.grep import MAX_SHOWN_LINES, grep

from agentx.errors import ToolError
from agentx.tool import ToolContext


@pytest.fixture
def context(tmp_path):
    for path, text in {
        "main.py": "import os\nprint(os.name)\n",
        "src/util.py": "def name():\n    return 'Name'\n",
        "src/deep/data.csv": "name,age\nAnn,3\n",
        "build/out.py": "name = 1\n",
        ".github/ci.yml": "name: tests\n",
        ".gitignore": "build/\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return ToolContext(workspace=tmp_path)


def found(context, pattern, **more):
    return glob.function(context=context, pattern=pattern, **{"folder": ".", **more})


def lines(context, pattern, **more):
    return grep.function(context=context, pattern=pattern, **more)


def test_files_are_found_by_name_and_sorted(context):
    assert found(context, "*.py") == ["main.py", "src/util.py"]
    assert found(context, "**/*.{csv,py}") == ["main.py", "src/deep/data.csv", "src/util.py"]
    assert found(context, "*.csv", folder="src") == ["src/deep/data.csv"]
    assert found(context, "deep/*", folder="src") == ["src/deep/data.csv"]
    assert found(context, "*.rs") == []


def test_hidden_and_ignored_files_are_found_only_where_they_are_named(context):
    assert found(context, ".github/*") == [".github/ci.yml"]
    assert found(context, "*", folder="build") == ["build/out.py"]


def test_a_folder_or_a_glob_that_is_none_is_refused(context):
    with pytest.raises(ToolError, match="outside the workspace"):
        found(context, "*", folder="..")
    with pytest.raises(ToolError, match="There is no `scr`"):
        found(context, "*", folder="scr")
    with pytest.raises(ToolError, match="relative to the folder"):
        found(context, "/etc/*")


def test_lines_are_found_with_their_places(context):
    assert lines(context, "name") == (
        "main.py:2: print(os.name)\nsrc/deep/data.csv:1: name,age\nsrc/util.py:1: def name():"
    )
    assert lines(context, "name", glob="*.py", ignore_case=True).endswith("src/util.py:2:     return 'Name'")
    assert lines(context, r"^\w+,\d$", folder="src") == "src/deep/data.csv:2: Ann,3"
    assert lines(context, "name", folder=".", glob=".github/*") == ".github/ci.yml:1: name: tests"


def test_one_file_may_be_searched_even_an_ignored_one(context):
    assert lines(context, "name", folder="build/out.py") == "build/out.py:1: name = 1"
    assert lines(context, "nothing", folder="main.py") == "No line matches `nothing` in 1 file `main.py`."


def test_that_nothing_was_found_is_a_sentence(context):
    assert lines(context, "absent") == "No line matches `absent` in 3 files below `.`."
    assert lines(context, "x", glob="*.cvs") == "No file below `.` matches the glob `*.cvs`."


def test_a_pattern_that_cannot_be_read_is_refused(context):
    with pytest.raises(ToolError, match=r"cannot be read at character 6 \(`\(`\): missing \)") as raised:
        lines(context, "print(")
    assert raised.value.argument == "pattern"
    with pytest.raises(ToolError, match="relative to the folder") as raised:
        lines(context, "x", glob="../*")
    assert raised.value.argument == "glob"


def test_what_is_left_out_is_told(context, tmp_path):
    (tmp_path / "many.txt").write_text("hit\n" * (MAX_SHOWN_LINES + 50))
    (tmp_path / "more.txt").write_text("hit\n")
    shown = lines(context, "hit").splitlines()
    assert len(shown) == MAX_SHOWN_LINES + 1
    assert shown[-1] == "(51 more lines match in 2 files; narrow the pattern, the folder or the glob)"


def test_a_long_line_is_shown_around_the_match(context, tmp_path):
    (tmp_path / "long.txt").write_text("x" * 5000 + "needle" + "y" * 5000)
    shown = lines(context, "needle")
    assert shown.startswith("long.txt:1: …x") and "needle" in shown and shown.endswith("y…")
    assert len(shown) < 250


def test_files_of_other_encodings_are_searched_and_binary_ones_left_out(context, tmp_path):
    (tmp_path / "16.txt").write_bytes(codecs.BOM_UTF16_LE + "größe\r\nende".encode("utf-16-le"))
    (tmp_path / "win.txt").write_bytes("größe".encode("cp1252"))
    (tmp_path / "a.bin").write_bytes(b"gr\0" * 100)
    assert lines(context, "größe$") == ("16.txt:1: größe\nwin.txt:1: größe\n(1 file with binary data left out)")


def test_links_lead_nowhere_outside(context, tmp_path):
    (tmp_path / "alias.py").symlink_to("main.py")
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    assert lines(context, "root|import") == "alias.py:1: import os\nmain.py:1: import os"


def test_a_file_name_cannot_forge_a_line(context, tmp_path):
    (tmp_path / "a\nb.txt").write_text("hit")
    assert lines(context, "hit") == "a\\nb.txt:1: hit"


def test_a_search_ends_where_nobody_waits_for_it(context):
    stopped = ToolContext(workspace=context.workspace, is_cancelled=lambda: True)
    assert "3 files were not searched" in lines(stopped, "name")


def test_many_files_are_searched_in_little_time(tmp_path):
    for number in range(5_000):
        folder = tmp_path / str(number % 50)
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text("some text\n" * 20)
    started = time.perf_counter()
    assert "in 5,000 files" in lines(ToolContext(workspace=tmp_path), "absent")
    assert time.perf_counter() - started < 20


def test_a_walk_that_stopped_is_told_whatever_was_found(context, monkeypatch):
    monkeypatch.setattr("agentx_tools.workspace.MAX_WALKED_FILES", 2)
    note = "(only the first 2 files were looked at; name a folder)"
    assert lines(context, "absent", glob="main.py") == f"No line matches `absent` in 1 file below `.`. {note}"
    assert lines(context, "absent", glob="*.rs") == f"No file below `.` matches the glob `*.rs`. {note}"
    assert lines(context, "os$", glob="main.py") == f"main.py:1: import os\n{note}"
    assert found(context, "*.rs") == [note]
    assert found(context, "main.py") == ["main.py", note]
    assert found(context, "*.py", folder="src") == ["src/util.py"]


@pytest.mark.parametrize("tool", [glob, grep])
def test_the_tools_say_what_they_may_do_and_explain_each_argument(tool):
    assert tool.capabilities == {"reads_private"} and tool.idempotent
    assert tool.description and all(entry["description"] for entry in tool.parameters["properties"].values())


def test_a_folder_whose_name_is_too_long_is_refused(context):
    with pytest.raises(ToolError, match="too long for a path"):
        lines(context, "x", folder="x" * 300)


def test_hostile_rules_hold_nothing_up(context):
    (context.workspace / ("a" * 80)).mkdir()
    (context.workspace / ".gitignore").write_text("*a*a*a*a*a*a*a*a*a*a*b\nbuild/\n" + "x*y\n" * 3_000)
    started = time.monotonic()
    assert "src/util.py" in found(context, "**/*.py") and "build/out.py" not in found(context, "**/*.py")
    assert time.monotonic() - started < 15


def test_a_deep_folder_is_walked_in_part(context):
    folder = os.open(context.workspace, os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    try:
        assert "main.py" in found(context, "*.py")
    finally:
        subprocess.run(["rm", "-rf", str(context.workspace / "d")], check=True)


def test_a_file_of_endless_lines_is_searched_within_the_time(context, monkeypatch):
    (context.workspace / "nl.txt").write_bytes(b"a\n" * (8 * 2**20))
    monkeypatch.setattr("agentx_tools.grep.TIMEOUT_S", 1.0)
    started = time.monotonic()
    assert "was not searched to its end" in lines(context, "^", folder="nl.txt")
    assert time.monotonic() - started < 20
