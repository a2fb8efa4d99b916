"""A program cannot take a file by accident for one that is not there yet."""

import asyncio
from pathlib import Path

import pytest
from agentx_tools.python import run_program

from agentx.errors import ToolError
from agentx.tool import ToolContext

TABLE = "date,litres\n2025-03-02,40.1\n2025-04-19,38.7\n"
ROW = "2025-05-12,41.5\\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "fuel.csv"
    path.write_text(TABLE)
    return path


def run(code: str, folder: Path) -> str:
    try:
        return asyncio.run(run_program(code, ToolContext(folder)))
    except ToolError as error:
        return str(error)


@pytest.mark.parametrize(
    "code",
    [
        f"Path('fuel.csv').write_text('{ROW}')",
        f"with open('fuel.csv', 'w') as file:\n    file.write('{ROW}')",
        f"file = open('fuel.csv', 'w')\nfile.write('{ROW}')",  # never closed
        f"os.makedirs('sub')\nos.chdir('sub')\nopen('../fuel.csv', 'w').write('{ROW}')",
        f"open('fuel.csv', 'w').write('{ROW}')\nopen('fuel.csv', 'a').write('{ROW}')",
        f"open('fuel.csv', 'w').write('{ROW}')\n1 / 0",
    ],
)
def test_a_table_of_which_nothing_would_be_left_is_put_back(table: Path, code: str) -> None:
    told = run(code, table.parent)
    assert table.read_text() == TABLE
    assert (
        "fuel.csv has 3 lines, which this program has not read and writing it anew would lose; it is as it was." in told
    )
    assert "Use open('" in told


def test_why_the_program_failed_is_told_too(table: Path) -> None:
    told = run("open('fuel.csv', 'w').write('x')\n1 / 0", table.parent)
    assert "ZeroDivisionError" in told
    assert "it is as it was" in told


@pytest.mark.parametrize(
    ("code", "left"),
    [
        (f"open('fuel.csv', 'a').write('{ROW}')", f"{TABLE}2025-05-12,41.5\n"),
        ("lines = open('fuel.csv').readlines()\nopen('fuel.csv', 'w').write(str(len(lines)))", "3"),
        ("open('fuel.csv', 'w').write('date,litres\\n')", "date,litres\n"),
        ("open('fuel.csv', 'w').write('a\\nb\\nc\\n')", "a\nb\nc\n"),
        ("Path('fuel.csv').unlink()\nopen('fuel.csv', 'w').write('new')", "new"),
        ("shutil.copy('fuel.csv', 'old.csv')\nopen('fuel.csv', 'w').write('new')", "new"),
        ("open('new', 'w').write('new')\nshutil.copy('new', 'fuel.csv')", "new"),
        ("open('fuel.csv', 'w').close()", ""),
        ("os.symlink('fuel.csv', 'link')\nopen('link').read()\nopen('fuel.csv', 'w').write('new')", "new"),
        ("subprocess.run(['cat', 'fuel.csv'])\nopen('fuel.csv', 'w').write('new')", "new"),
    ],
)
def test_what_is_written_over_on_purpose_stays_so(table: Path, code: str, left: str) -> None:
    told = run(code, table.parent)
    assert "error" not in told
    assert table.read_text() == left


def test_what_a_program_has_made_itself_it_may_write_anew(tmp_path: Path) -> None:
    code = "\n".join(
        f"open('{x}', '{mode}').write('a\\nb\\n')\nopen('{x}', 'w').write('c')" for x, mode in ("xw", "ya")
    )
    assert "error" not in run(code, tmp_path)
    assert [(tmp_path / name).read_text() for name in "xy"] == ["c", "c"]


def test_a_table_that_was_emptied_before_the_program_failed_is_put_back(table: Path) -> None:
    assert "it is as it was" in run("file = open('fuel.csv', 'w')\n1 / 0", table.parent)
    assert table.read_text() == TABLE


def test_after_a_call_of_a_tool_nobody_knows_what_was_read(table: Path) -> None:
    async def call(name: str, arguments: dict[str, object]) -> str:
        return TABLE

    context = ToolContext(table.parent, functions={"read_file": ["path"]}, call_tool=call)
    code = "read_file('fuel.csv')\nopen('fuel.csv', 'w').write('new')"
    assert "error" not in asyncio.run(run_program(code, context))
    assert table.read_text() == "new"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import weakref\nclass A: pass\np = weakref.proxy(A())\nopen('fuel.csv', 'w').write('x')", "it is as it was"),
        ("d = {}\nraise KeyError([1], d)", "KeyError"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "E"),
        ("os.makedirs('gone')\nos.chdir('gone')\nos.rmdir('../gone')\nraise ValueError('mine')", "ValueError: mine"),
    ],
)
def test_the_programs_own_error_is_told_whatever_it_is_like(table: Path, code: str, error: str) -> None:
    assert f"{error}" in run(code, table.parent)
    assert "Traceback" not in run(code, table.parent)
    assert table.read_text() == TABLE


def test_a_file_of_one_line_a_new_one_and_a_binary_one_are_written(tmp_path: Path) -> None:
    (tmp_path / "count.txt").write_text("5\n")
    (tmp_path / "data.bin").write_bytes(b"a\0\nb\nc\n")
    code = "open('count.txt', 'w').write('6')\nopen('data.bin', 'w').write('b2')\nopen('new.txt', 'w').write('x')"
    assert "error" not in run(code, tmp_path)
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["6", "b2", "x"]
