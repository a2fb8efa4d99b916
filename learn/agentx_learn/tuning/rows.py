"""Rows of a CSV, JSONL or text file, each with the number of its line, or one sentence on what is wrong with it."""

import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx.cli.text import one_line
from agentx.errors import UsageError

MAX_LINE_CHARACTERS = 500_000
"""Of a line. A model sees some thousand characters of a text: what is longer by far is a mistake in the file."""
_SHOWN = 5


class DataError(UsageError):
    """The data cannot be trained on; the sentence names the rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """Attributes:
    number: of its line in the file, or of the row in a dataset, counted from 1.
    values: column -> value.
    """

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Attributes:
    name: as shown to a person.
    rows: at least one.
    columns: all that occur.
    sha256: of the file's bytes, or of a dataset's rows as JSON.
    unit: what `Row.number` counts, `line` or `row`.
    licence: as the data itself tells, else empty.
    """

    name: str
    rows: Sequence[Row]
    columns: Sequence[str]
    sha256: str
    unit: str = "line"
    licence: str = ""

    def at(self, numbers: Sequence[int]) -> str:
        """`line 3`, or `lines 3, 8 and 12`, or the first five and how many more."""
        if len(numbers) == 1:
            return f"{self.unit} {numbers[0]}"
        if len(numbers) <= _SHOWN:
            return f"{self.unit}s {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
        return f"{self.unit}s {', '.join(map(str, numbers[:_SHOWN]))} and {len(numbers) - _SHOWN} more"


def read_file(path: Path) -> Table:
    """Reads CSV (`.csv`, `.tsv`, its first line naming the columns) or JSON Lines (`.jsonl`, `.ndjson`).

    Raises:
        DataError: it cannot be read, has no rows, or a line of it is not what it should be.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            lines = _lines(file, path.name, digest)
            rows = list(_json_rows(lines, path.name) if _is_json(path) else _csv_rows(lines, path))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name a CSV or JSONL file.") from error
    if not rows:
        raise DataError(f"{path.name} is empty: it has no rows to learn from.")
    columns = list(dict.fromkeys(name for row in rows for name in row.values))
    return Table(path.name, rows, columns, digest.hexdigest())


def read_paragraphs(path: Path) -> Table:
    """Reads a text file: a row for each paragraph, numbered by its first line, in the column `text`.

    Raises:
        DataError: it cannot be read, has no text, or a line of it is not what it should be.
    """
    digest = hashlib.sha256()
    rows: list[Row] = []
    first, lines = 1, list[str]()
    try:
        with path.open("rb") as file:
            for number, line in enumerate([*_lines(file, path.name, digest), ""], 1):
                if line.strip():
                    first = first if lines else number
                    lines.append(line)
                elif lines:
                    rows.append(Row(first, {"text": "".join(lines).strip("\r\n")}))
                    lines = []
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name a text file.") from error
    if not rows:
        raise DataError(f"{path.name} is empty: it has no text to learn from.")
    return Table(path.name, rows, ["text"], digest.hexdigest())


def is_data_file(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".tsv", ".jsonl", ".ndjson")


def _is_json(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson")


def _lines(file: Any, name: str, digest: Any) -> Iterator[str]:
    # No character takes more than 4 bytes; and a file without line breaks must not fill the memory.
    limit = 4 * MAX_LINE_CHARACTERS
    for number, raw in enumerate(iter(lambda: file.readline(limit + 1), b""), 1):
        digest.update(raw)
        try:
            text = "" if len(raw) > limit else raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{name}, line {number} is not UTF-8 text (byte 0x{raw[error.start]:02x} at place "
                f"{error.start + 1}); save the file as UTF-8."
            ) from error
        if "\0" in text:
            raise DataError(f"{name}, line {number} holds bytes of value zero: it is no text; save the file as UTF-8.")
        if len(raw) > limit or len(text) > MAX_LINE_CHARACTERS:
            raise DataError(
                f"{name}, line {number} has more than {MAX_LINE_CHARACTERS:,} characters, of which a model sees only "
                "the first; cut it in several rows."
            )
        yield text


def _json_rows(lines: Iterator[str], name: str) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name}, line {number} is not JSON ({one_line(str(error), 100)}); mend it.") from error
        if not isinstance(values, dict):
            raise DataError(f'{name}, line {number} is no JSON object: write {{"text": …}}, one a line.')
        yield Row(number, values)


def _csv_rows(lines: Iterator[str], path: Path) -> Iterator[Row]:
    # The library's own limit is smaller than ours, and holds for the whole process.
    before = csv.field_size_limit(sys.maxsize)
    start = 1
    try:
        reader = csv.reader(lines, dialect="excel-tab" if path.suffix.lower() == ".tsv" else "excel", strict=True)
        heads = next(reader, [])
        if not any(heads):
            return
        if twice := sorted({head for head in heads if heads.count(head) > 1}):
            raise DataError(f"{path.name}, line 1 names the column `{one_line(twice[0], 60)}` twice; rename one.")
        start = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(heads):
                raise DataError(
                    f"{path.name}, line {start} has {len(cells)} cells where the head has {len(heads)}; put a text "
                    "with commas in quotes."
                )
            if cells:
                _check_length(cells, path.name, start)
                yield Row(start, dict(zip(heads, cells, strict=True)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path.name}: the row that begins in line {start} is no valid CSV ({one_line(str(error), 100)}); mend its "
            "quotes."
        ) from error
    finally:
        csv.field_size_limit(before)


def _check_length(cells: Sequence[str], name: str, number: int) -> None:
    """An opened quote takes in line after line."""
    if any(len(cell) > MAX_LINE_CHARACTERS for cell in cells):
        raise DataError(
            f"{name}, line {number} begins a text of more than {MAX_LINE_CHARACTERS:,} characters; close its quote, "
            "or cut it in several rows."
        )
