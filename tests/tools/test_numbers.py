"""What a program is told that took more than a number for one."""

import asyncio
from pathlib import Path

import pytest
from agentx_tools._numbers import advice
from agentx_tools.python import run_program

from agentx.errors import ToolError
from agentx.tool import ToolContext


def told(text: str, line: str = "total += float(line)", whole: str = "") -> str:
    try:
        (int if "int(" in line else float)(text)
    except ValueError as error:
        return advice(error, line, {"line": whole}).strip()
    raise AssertionError(f"{text!r} is a number")


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("January 18.40\n", "float(line.split()[-1])"),
        ("18.40 euros", "float(line.split()[0])"),
        ("on 4 May", "int(line.split()[1])"),
        ("2024-03-01,Milk,3.20\n", "float(line.split(',')[-1])"),
        ("2024-03-01,3.20", "float(line.split(',')[-1])"),
        ("volume=35", "int(line.split('=')[-1])"),
        ("12,50", 'float(line.replace(",", "."))'),
        ("1,234.50", 'float(line.replace(",", ""))'),
        ("€18.40", "float(re.search(r'[\\d.,]+', line)[0])"),
        ("18,40€", 'float(re.search(r\'[\\d.,]+\', line)[0].replace(",", "."))'),
    ],
)
def test_the_one_number_of_a_text_is_shown_how_to_get_at(text: str, instead: str) -> None:
    kind = "int(" if instead.startswith("int(") else "float("
    assert told(text, f"total += {kind}line)") == f"write {instead} for the number in it"
    value = eval(instead, {"line": text, "re": __import__("re")})
    assert str(value).rstrip("0").rstrip(".") in text.replace(",", ".").replace("1.234.50", "1234.5")


def test_a_whole_number_is_asked_of_a_fraction_and_of_text() -> None:
    assert told("3.0", "n = int(row['count'])") == "write int(float(row['count'])) for the number in it"
    assert told("about 3.5", "n = int(text)") == "write float(text.split()[-1]) for the number in it"


def test_what_holds_no_number_is_to_be_skipped() -> None:
    assert told("price") == "it holds no number; skip such lines, as the header of a table is one"
    assert told("price", "float(line.split(',')[1])", "dish,price") == told("price")
    assert told("\n") == "the text is empty; skip it: if line.strip()"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("2 of 3", "total += float(line)"),  # several numbers
        ("10:30", "total += float(line)"),
        ("1.2.3", "total += float(line)"),
        ("x 1", "total += float(a) + float(b)"),  # which of them failed?
        ("x 1", "total = sum(map(float, line))"),
        ("x 1", "for n in [float(line)"),  # one line of several
    ],
)
def test_nothing_is_told_where_nothing_is_sure(text: str, line: str) -> None:
    assert told(text, line) == ""


def test_a_number_that_stands_elsewhere_in_the_line_is_shown_how_to_get_at() -> None:
    line = "year = int(line.split()[1])"
    written = "write int(re.search(r'[\\d.,]+', line)[0]) for the number in it"
    assert told("Paper", line, "The Paper Lantern (2011)\n") == written
    assert told("Paper", line, "The Paper Lantern (2011, 2 h)\n") == ""


def test_a_long_text_is_no_line() -> None:
    assert told("x" * 300 + " 1", "n = int(text)") == ""
    assert told("x" * 2_000 + " 1") == ""


def test_other_errors_are_none_of_its_business() -> None:
    assert advice(ValueError("math domain error"), "float(x)", {}) == ""
    assert advice(KeyError("x 1"), "float(x)", {}) == ""


def test_a_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "bills.txt").write_text("January 18.40\nFebruary 20.10\n")
    code = "total = 0\nfor line in open('bills.txt'):\n    total += float(line)\nprint(total)"
    with pytest.raises(ToolError, match=r"write float\(line\.split\(\)\[-1\]\) for the number in it\n  line 3"):
        asyncio.run(run_program(code, ToolContext(tmp_path)))
    if_line = "for line in open('bills.txt'):\n    if float(line) > 19:\n        print(line)"
    with pytest.raises(ToolError, match=r"write float\(line\.split\(\)\[-1\]\)"):
        asyncio.run(run_program(if_line, ToolContext(tmp_path)))
