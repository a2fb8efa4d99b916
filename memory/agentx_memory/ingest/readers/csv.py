"""A table in a text file: each row with the names of its columns."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO

from agentx_memory.chunks import Section
from agentx_memory.ingest.opening import Unreadable
from agentx_memory.ingest.readers import Text
from agentx_memory.ingest.readers.text import text_of

_ROWS = 100
"""Rows of a section at most."""


def read(file: BinaryIO, name: str) -> Text:
    text = text_of(file)
    first = text.lstrip("\n").partition("\n")[0]
    delimiter = "\t" if name.lower().endswith(".tsv") else max(",;\t|", key=first.count)
    return Text(_sections(text, delimiter))


def _sections(text: str, delimiter: str) -> Iterator[Section]:
    """Rows of one line together, so that line by line they are those of the file; a row of several lines alone."""
    names: list[str] | None = None
    lines: list[str] = []
    begin = 1
    for first, last, cells in _rows(text, delimiter):
        if names is None:
            names = _names(cells)
            if names:
                continue
        row = _row(names, cells)
        if lines and (first != begin + len(lines) or last != first or len(lines) == _ROWS):
            yield Section("".join(lines), line=begin)
            lines = []
        if last != first:
            yield Section(row, line=first, last_line=last)
            continue
        begin = begin if lines else first
        lines.append(row)
    if lines:
        yield Section("".join(lines), line=begin)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """First and last line, and cells, of each row that is not blank."""
    rows = csv.reader(StringIO(text, newline="\n"), delimiter=delimiter)
    before = 0
    try:
        for cells in rows:
            if any(map(str.strip, cells)):
                yield before + 1, rows.line_num, cells
            before = rows.line_num
    except csv.Error as error:
        raise Unreadable(f"Its line {rows.line_num} is no row of a table ({error}).") from None


def _names(cells: list[str]) -> list[str]:
    """The names of the columns, if the first row has them: then no cell is a number."""
    names = [" ".join(cell.split()) for cell in cells]
    return [] if any(name.lstrip("+-")[:1].isdigit() for name in names) else names


def _row(names: list[str], cells: list[str]) -> str:
    values = (" ".join(cell.split()) for cell in cells)
    named = zip([*names, *[""] * (len(cells) - len(names))], values, strict=False)
    return "; ".join(f"{name}: {value}" if name else value for name, value in named if value) + "\n"
