"""What a program is told that made one of the mistakes that small models make."""

import asyncio
import json
from pathlib import Path

import pytest
from agentx_tools.python import run_program

from agentx.errors import ToolError
from agentx.tool import ToolContext


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bills.txt").write_text("January 18.40\nFebruary 20.10\n")
    (tmp_path / "menu.csv").write_text("dish,price\nsoup,3\n")
    (tmp_path / "order.csv").write_text("dish,pieces\nsoup,2\nrice,none\n")
    (tmp_path / "pets.json").write_text(json.dumps({"cats": [{"name": "Mia"}]}))
    (tmp_path / "editor.ini").write_text("[look]\ntheme = dark\n")
    return tmp_path


def failed(code: str, folder: Path) -> ToolError:
    with pytest.raises(ToolError) as failed:
        asyncio.run(run_program(code, ToolContext(folder)))
    return failed.value


def told(code: str, folder: Path) -> str:
    return str(failed(code, folder))


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("len(open('bills.txt'))", "len(open(…).readlines())"),
        ("open('bills.txt')[0]", "open(…).readlines()[0]"),
        ("open('bills.txt').split()", "its text is open(…).read()"),
        ("for row in open('menu.csv'):\n    print(row['price'])", "csv.DictReader(open(…)) gives the rows"),
        ("pets = json.load(open('pets.json'))\npets['cats']['name']", "it is a list; take its items"),
        ("pets = json.load(open('pets.json'))\npets['cats'].items()", "it is a list; take its items"),
        ("csv.DictReader(open('menu.csv'))['price']", "list(csv.DictReader(open(…)))[0]['name']"),
        ("map(float, '12')[0]", "make it a list: list(…)[0]"),
        (
            "for row in csv.DictReader(open('order.csv')):\n    row['price']",
            "row has the keys: 'dish', 'pieces'\n  menu.csv has 'price' for each 'dish'\n  line 2",
        ),
        (
            "for row in csv.DictReader(open('bills.txt')):\n    row['Total']",
            "the file is no table with these columns; take its lines: for line in open(…)",
        ),
        ("pets = json.load(open('pets.json'))\npets.cats", "what a dict holds is at its keys"),
        ("for row in csv.DictReader(open('menu.csv')):\n    sum = 0 + row['price']", "make it a number: float(…)"),
        ("for row in csv.DictReader(open('menu.csv')):\n    row['price'] > 2", "make it a number: float(…)"),
        ("'costs ' + 3", 'by f"{…}"'),
        ("re.search('x', 'abc').group(1)", "the pattern is not in the text"),
        ("editor.ini['look']", "did you mean the file 'editor.ini'?"),
    ],
)
def test_it_is_told_what_to_write_instead(code: str, advice: str, folder: Path) -> None:
    assert advice in told(code, folder)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("menu.csv", "menu = list(csv.DictReader(open('menu.csv')))\n"),
        ("bills", "bills = open('bills.txt').read()\n"),
        ("pets['cats']", "pets = json.load(open('pets.json'))\n"),
        ("editor.ini['look']", "editor = configparser.ConfigParser()\neditor.read('editor.ini')\n"),
        (
            "for row in csv.DictReader(open('order.csv')):\n    row['price']",
            "menu = {row['dish']: float(row['price']) for row in csv.DictReader(open('menu.csv'))}\n",
        ),
        (
            "for row in csv.DictReader(open('menu.csv')):\n    row['pieces']",
            "order = {row['dish']: row['pieces'] for row in csv.DictReader(open('order.csv'))}\n",
        ),
        ("for row in csv.DictReader(open('order.csv')):\n    row['taste']", ""),
        ("nothing", ""),
        ("1 / 0", ""),
        ("raise ValueError('x\\0import os')", ""),
    ],
)
def test_the_next_program_is_begun_with_what_this_one_has_lacked(code: str, lines: str, folder: Path) -> None:
    begin = failed(code, folder).begin
    assert begin == lines
    if begin:
        assert asyncio.run(run_program(f"{begin}{begin.split()[0]}", ToolContext(folder)))


@pytest.mark.parametrize("name", ["print.csv", "json.csv", "class.csv", "m².csv"])
def test_no_name_is_taken_that_programs_use(folder: Path, name: str) -> None:
    (folder / "menu.csv").rename(folder / name)
    assert failed("for row in csv.DictReader(open('order.csv')):\n    row['price']", folder).begin == ""


def test_the_lines_are_short_whatever_a_file_holds(folder: Path) -> None:
    long = "x" * 10_000
    (folder / "menu.csv").write_text(f"{long},price\nsoup,3\n")
    (folder / "order.csv").write_text(f"{long},pieces\nsoup,2\n")
    assert failed("for row in csv.DictReader(open('order.csv')):\n    row['price']", folder).begin == ""


def test_what_stands_in_a_file_is_no_code(folder: Path) -> None:
    (folder / "menu.csv").write_text('"dish\'): print(1) #",price\nsoup,3\n')
    (folder / "order.csv").write_text('"dish\'): print(1) #",pieces\nsoup,2\n')
    begin = failed("for row in csv.DictReader(open('order.csv')):\n    row['price']", folder).begin
    assert begin
    assert asyncio.run(run_program(f"{begin}menu", ToolContext(folder))) == "{'soup': 3.0}"


def test_other_errors_are_told_as_they_are(folder: Path) -> None:
    assert told("1 / 0", folder) == "error: ZeroDivisionError: division by zero\n  line 1: 1 / 0"
    assert told("pets = json.load(open('pets.json'))\npets['dogs']", folder).count("\n") == 2
    assert "for each" not in told("for row in csv.DictReader(open('order.csv')):\n    row['taste']", folder)
    assert told("(1).x", folder).startswith("error: AttributeError: 'int' object has no attribute 'x'\n  line 1")
