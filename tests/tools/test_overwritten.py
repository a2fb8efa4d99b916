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
    ],
)
def test_what_is_written_over_on_purpose_stays_so(table: Path, code: str, left: str) -> None:
    told = run(code, table.parent)
    assert "error" not in told
    assert table.read_text() == left


def test_a_file_of_one_line_a_new_one_and_a_binary_one_are_written(tmp_path: Path) -> None:
    (tmp_path / "count.txt").write_text("5\n")
    (tmp_path / "data.bin").write_bytes(b"a\0\nb\nc\n")
    code = "open('count.txt', 'w').write('6')\nopen('data.bin', 'w').write('b2')\nopen('new.txt', 'w').write('x')"
    assert "error" not in run(code, tmp_path)
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["6", "b2", "x"]
