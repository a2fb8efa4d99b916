"""Where the column is that a row lacks: `row["price"]` of an order, when `prices.csv` has the prices."""

import builtins
import csv
import keyword
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from agentx_tools import _look
from agentx_tools._lenient import COMMON

SEPARATORS = {".csv": ",", ".tsv": "\t"}
MAX_TABLES, MAX_ROWS, MAX_CHARACTERS = 50, 10_000, 500
_TAKEN = frozenset((*dir(builtins), *COMMON))


def advice(key: Any, row: Mapping[Any, Any]) -> str:
    """Which table has the column, for which one that the row has too; or that the row is of no table at all, where its
    file has no header."""
    if found := _table(key, row):
        path, shared = found
        return f"\n  {path} has {key!r} for each {shared!r}"
    if len(row) == 1 and all(isinstance(value, str) for value in row.values()):
        return "\n  the file is no table with these columns; take its lines: for line in open(…)"
    return ""


def lookup(key: Any, row: Mapping[Any, Any]) -> str:
    """The line of code that makes a dict of the column, by what the row has too; "" where no table has it."""
    if not (found := _table(key, row)):
        return ""
    path, shared = found
    if not (name := identifier(path)):
        return ""
    more = "" if path.suffix == ".csv" else ", delimiter='\t'"
    rows = f"csv.DictReader(open({str(path)!r}){more})"
    value = f"float(row[{key!r}])" if _are_numbers(path, key) else f"row[{key!r}]"
    line = f"{name} = {{row[{shared!r}]: {value} for row in {rows}}}\n"
    return line if len(line) <= MAX_CHARACTERS else ""


def identifier(path: Path) -> str:
    """The name of a variable for what a file holds; "" where it would hide what programs use."""
    name = re.sub(r"\W|^(?=\d)", "_", path.stem)
    return name if name.isidentifier() and not keyword.iskeyword(name) and name not in _TAKEN else ""


def _table(key: Any, row: Mapping[Any, Any]) -> tuple[Path, str] | None:
    """The first table with the column and another one in common with the row, and that one."""
    tables = (path for path in _look.visible_files() if path.suffix in SEPARATORS)
    for path in islice(tables, MAX_TABLES):
        columns = header(path)
        shared = [column for column in columns if column in row and column != key]
        if key in columns and shared:
            return path, shared[0]
    return None


def _are_numbers(path: Path, column: str) -> bool:
    """Whether each value of the column can be made a number."""
    with suppress(OSError, ValueError, TypeError, csv.Error), path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(islice(file, MAX_ROWS), delimiter=SEPARATORS[path.suffix])
        return all(math.isfinite(float(row[column])) for row in rows)
    return False


def header(path: Path) -> list[str]:
    """The names of a table's columns; none where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            return next(csv.reader(islice(file, 1), delimiter=SEPARATORS[path.suffix]), [])
    except (OSError, csv.Error):
        return []
