"""Answers one SQL query in a process of its own, a fork of the sandbox's server, which has loaded DuckDB.

It is given the bytes of the tables and has no way to the files they came from. When the tables are loaded DuckDB is
shut off from files, extensions and its own settings, and only then is the query read.
"""

import json
import math
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from agentx_tools._names import Named, Names
from agentx_tools.workspace import printable

UNANSWERED = 1
"""Exit status: the sentence that says why is in the report."""
MAX_SHOWN_ROWS = 50
MAX_SHOWN_CHARACTERS = 5_000
MAX_CELL_CHARACTERS = 200
MAX_LISTED = 30
MAX_LISTED_COLUMNS = 30
MAX_LISTING_S = 2.0
"""Spent on the columns of a database's tables that the query does not name."""
_MIN_CELL_CHARACTERS = 8
_CONFIG: dict[str, Any] = {
    "threads": "2",
    "memory_limit": "600MB",
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}
_SHUT = ("SET enable_external_access = false", "SET lock_configuration = true")
_ASKS_FOR_TABLES = re.compile(
    r"\s*show\s+(all\s+)?tables\b|.*\b(information_schema|sqlite_(master|schema)|duckdb_(tables|columns))\b",
    re.I | re.S,
)
_READS_FILES = re.compile(r"\b(read_\w+|\w+_scan|glob|sniff_csv|parquet_\w+)\s*\(", re.I)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_TABLES_OF_SQLITE = r"""
SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name
"""
_HEAD_CHARACTERS = 10_000
# Types are told by the whole of a file, not by its beginning.
_WHOLE = "sample_size = -1"
_LOOSE = "header = true, quote = '', all_varchar = true, strict_mode = false, ignore_errors = true, null_padding = true"
_SEPARATOR = re.compile(r"[,;\t|]")


class Unanswered(Exception):
    """The query cannot be answered; the message is a sentence for the model."""


def main(request: Mapping[str, Any], report: int, channel: int | None) -> int:
    """Prints the rows that answer a request; returns UNANSWERED with a sentence on `report` where none do.

    Args:
        request: `query`, and `files` and `left_out` as `tables.Packed` describes them.
        channel: a file that holds their bytes, one after the other.
    """
    try:
        assert channel is not None
        text = answer(request["query"], request["files"], channel, request["left_out"])
    except Unanswered as error:
        os.write(report, str(error).encode("utf-8", "replace"))
        return UNANSWERED
    with os.fdopen(1, "wb", closefd=False) as output:
        output.write(text.encode("utf-8", "replace"))
    return 0


def answer(query: str, files: Sequence[Mapping[str, Any]], source: int, left_out: Sequence[Any] = ()) -> str:
    """The rows as text.

    Raises:
        Unanswered: the query is wrong, or is none that only reads.
    """
    connection = duckdb.connect(":memory:", config=_CONFIG)
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(connection, query, Path(folder), left_out)
        tables.load(files, source)
    for statement in _SHUT:
        connection.execute(statement)
    if _ASKS_FOR_TABLES.match(query):
        return tables.listed()
    _check(connection, query)
    try:
        result = connection.execute(query)
        rows = shown([column[0] for column in result.description or []], result.fetchmany(MAX_SHOWN_ROWS + 1))
        return "\n".join([rows, *(f"({warning})" for warning in tables.warnings)])
    except duckdb.OutOfMemoryException:
        raise Unanswered("The query needs more memory than there is; filter or aggregate earlier.") from None
    except duckdb.PermissionException:
        raise Unanswered(f"A query reads tables alone, no files by path. {tables.listed()}") from None
    except duckdb.CatalogException as error:
        raise Unanswered(f"{_first_line(error)} {tables.listed()}") from None
    except duckdb.Error as error:
        hint = f" {tables.listed()}" if isinstance(error, duckdb.BinderException) else ""
        raise Unanswered(f"{_first_line(error)}{hint}") from None


def _check(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise Unanswered(_first_line(error)) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Unanswered("This tool answers one SELECT and changes nothing; write a single query that only reads.")
    # DuckDB, which is shut off, refuses these by itself; here they get a better sentence.
    if _READS_FILES.search(_LITERAL.sub("''", query)):
        raise Unanswered("A query reads tables by their names, not files by a function; SHOW TABLES lists them.")


class Tables:
    """Loads what the query is about into DuckDB, and remembers what else there is."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, query: str, folder: Path, left_out: Sequence[Any] = ()
    ) -> None:
        self._connection = connection
        self._query = query
        self._folder = folder
        self._left_out = left_out
        # A row of the list, behind what it is ordered by: what the query is about comes first.
        self._listed: list[tuple[bool, str, str]] = []
        self._notes: list[str] = []
        self.warnings: list[str] = []
        self._unread_databases: list[str] = []

    def load(self, files: Sequence[Mapping[str, Any]], source: int) -> None:
        """Makes the tables of the files; one that cannot be read is noted."""
        names = Names(files)
        for number, file in enumerate(sorted(files, key=lambda file: (file["kind"] == "sqlite", file["path"]))):
            if file["note"]:
                self._leave(file, file["note"])
            else:
                self._load(file, names, self._folder / f"{number}.{file['kind']}", source)

    def _load(self, file: Mapping[str, Any], names: Names, place: Path, source: int) -> None:
        for ending, offset, size in file["parts"]:
            _copy(source, offset, size, Path(f"{place}{ending}"))
        try:
            if file["kind"] == "sqlite" and file["parts"]:
                self._load_database(file, names, place)
            elif not any(size for _, _, size in file["parts"]):
                self._list(file["name"], file["path"], [], False)
            else:
                self._load_file(file, place)
        except (duckdb.Error, sqlite3.Error) as error:
            self._leave(file, f"{printable(file['path'])} cannot be read as a table: {_first_line(error)}")
        finally:
            for path in self._folder.glob(f"{place.name}*"):
                path.unlink()

    def _leave(self, file: Mapping[str, Any], note: str) -> None:
        self._notes.append(note)
        self._unread_databases += [note] if file["kind"] == "sqlite" else []

    def listed(self) -> str:
        """The tables and their columns, and what could not be read."""
        more = [f"and {len(self._listed) - MAX_LISTED} more"] if len(self._listed) > MAX_LISTED else []
        if self._left_out:
            count, path = self._left_out
            files = "1 file that is" if count == 1 else f"{count} files that are"
            more.append(f"and {files} not looked at: name one as '{printable(path)}'")
        rows = [*(row for _, _, row in sorted(self._listed, key=itemgetter(0, 1))[:MAX_LISTED]), *more]
        tables = "The tables are:\n" + "\n".join(rows) if rows else "There are no tables in the workspace."
        return "\n".join([tables, *dict.fromkeys([*self._notes[:MAX_LISTED], *self.warnings])])

    def _load_file(self, file: Mapping[str, Any], place: Path) -> None:
        name = _quoted(file["name"])
        if file["kind"] == "csv":
            self._load_csv(name, file, place)
        elif file["kind"] == "json":
            self._connection.execute(f"CREATE TABLE {name} AS FROM read_json('{place}', {_WHOLE})")
        else:
            self._connection.execute(f"CREATE TABLE {name} AS FROM read_parquet('{place}')")
        self._describe(file["name"], file["path"], not file["head"])
        if file["head"]:
            self._connection.execute(f"DROP TABLE {name}")
            return
        for alias in dict.fromkeys(file["aliases"]):
            if alias.casefold() != file["name"].casefold():
                self._connection.execute(f"CREATE OR REPLACE VIEW {_quoted(alias)} AS FROM {name}")

    def _load_csv(self, name: str, file: Mapping[str, Any], place: Path) -> None:
        """One that is no clean CSV is read as far as it goes, and that is said."""
        try:
            self._connection.execute(f"CREATE TABLE {name} AS FROM read_csv('{place}', {_WHOLE})")
            columns = self._connection.execute(f"DESCRIBE {name}").fetchall()
            sniffed = f"SELECT SkipRows, HasHeader FROM sniff_csv('{place}', {_WHOLE})"
            skipped, headed = self._connection.execute(sniffed).fetchall()[0]
            # DuckDB drops all lines before one that is wider than they are.
            if _holds_text(place, skipped):
                if not headed:
                    columns = []
                elif not file["head"]:
                    lines = "line is" if skipped == 1 else f"{skipped} lines are"
                    self.warnings.append(f"{printable(file['path'])}: its first {lines} no part of the table")
        except duckdb.Error:
            columns = []
        with place.open(encoding="utf-8", errors="replace") as opened:
            head = opened.readline(_HEAD_CHARACTERS)
        # One column that should have been several.
        lumped = len(columns) == 1 and _SEPARATOR.search(columns[0][0]) and not head.startswith('"')
        if columns and not lumped:
            return
        separator = found[0] if (found := _SEPARATOR.search(head)) else ","
        self._connection.execute(
            f"CREATE OR REPLACE TABLE {name} AS FROM read_csv('{place}', delim = '{separator}', {_LOOSE})"
        )
        if not file["head"]:
            told = "is no clean CSV: read as text, cells that do not fit left out"
            self.warnings.append(f"{printable(file['path'])} {told}")

    def _load_database(self, file: Mapping[str, Any], names: Names, place: Path) -> None:
        deadline = time.monotonic() + MAX_LISTING_S
        with _Database(place) as database:
            tables = [table for [table] in database.execute(_TABLES_OF_SQLITE).fetchall()]
            for named in names.of_database(file, tables):
                self._warn(named, file["path"])
                try:
                    self._load_table(database, named, file["path"], time.monotonic() < deadline)
                except (duckdb.Error, sqlite3.Error) as error:
                    told = f"{printable(named.name)} ({printable(file['path'])})"
                    self._notes.append(f"{told} cannot be read as a table: {_first_line(error)}")

    def _warn(self, named: Named, path: str) -> None:
        """Says whose a plain name is that the query uses, where it may have been meant for another table."""
        if not self._asks_for(named.table) or self._asks_for(named.full_name):
            return
        if named.other is None:
            # One of those might have had the name.
            self.warnings += [note for note in self._unread_databases if note not in self.warnings]
        else:
            told = f"{printable(named.table)} is the table of {printable(named.other)}"
            self.warnings.append(f"{told}; that of {printable(path)} is {printable(named.full_name)}")

    def _asks_for(self, name: str) -> bool:
        return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self._query, re.I))

    def _load_table(self, database: sqlite3.Connection, named: Named, path: str, in_time: bool) -> None:
        """Runs nothing of a table that the query does not name: it may be a view without an end."""
        if self._asks_for(named.name) or self._asks_for(named.full_name):
            rows = database.execute(f"SELECT * FROM {_quoted(named.table)}")
            self._insert(named.name, [column[0] for column in rows.description], rows, self._folder / "rows.json")
            if named.full_name != named.name:
                of = f"AS FROM {_quoted(named.name)}"
                self._connection.execute(f"CREATE VIEW {_quoted(named.full_name)} {of}")
            self._describe(named.name, path, True)
        else:
            # The last field is 1 for a column that SELECT * leaves out.
            rows = database.execute(f"PRAGMA table_xinfo({_quoted(named.table)})").fetchall() if in_time else []
            self._list(named.name, path, [row[1] for row in rows if row[-1] != 1], False)

    def _insert(self, name: str, columns: Sequence[str], rows: sqlite3.Cursor, place: Path) -> None:
        """A table of SQLite, where each cell has a type of its own: by way of JSON, which tells numbers from text."""
        filled = False
        with place.open("w", encoding="utf-8", errors="replace") as file:
            for row in rows:
                cells = dict(zip(columns, map(_json_cell, row), strict=True))
                file.write(json.dumps(cells, allow_nan=False) + "\n")
                filled = True
        rows_as_table = f"SELECT * FROM read_json('{place}', format = 'newline_delimited', {_WHOLE})"
        empty = ", ".join(f"NULL::VARCHAR AS {_quoted(column)}" for column in columns)
        made = rows_as_table if filled else f"SELECT {empty} WHERE false"
        self._connection.execute(f"CREATE TABLE {_quoted(name)} AS {made}")
        # A column of numbers and text would be one of JSON, whose text stands in quotes.
        for column, kind, *_ in self._connection.execute(f"DESCRIBE {_quoted(name)}").fetchall():
            if kind == "JSON":
                as_text = f"TYPE VARCHAR USING {_quoted(column)} ->> '$'"
                self._connection.execute(f"ALTER TABLE {_quoted(name)} ALTER {_quoted(column)} {as_text}")

    def _describe(self, name: str, path: str, asked: bool) -> None:
        rows = self._connection.execute(f"DESCRIBE {_quoted(name)}").fetchall()
        self._list(name, path, [f"{row[0]} {row[1]}" for row in rows], asked)

    def _list(self, name: str, path: str, columns: Sequence[str], asked: bool) -> None:
        more = [f"… {len(columns) - MAX_LISTED_COLUMNS} more"] if len(columns) > MAX_LISTED_COLUMNS else []
        told = ", ".join([*map(printable, columns[:MAX_LISTED_COLUMNS]), *more])
        table = f"{printable(name)} ({printable(path)})"
        self._listed.append((not asked, path, f"{table}: {told}" if told else table))


def shown(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A head, a line for each row, and how many there are; a very wide first row has its cells cut shorter."""
    lines = [" | ".join(map(printable, columns))]
    characters = 0
    for row in rows[:MAX_SHOWN_ROWS]:
        line = " | ".join(map(cell, row))
        characters += len(line)
        if characters > MAX_SHOWN_CHARACTERS:
            if len(lines) == 1:
                width = max(MAX_SHOWN_CHARACTERS // len(row) - len(" | "), _MIN_CELL_CHARACTERS)
                lines.append(" | ".join(cell(value, width) for value in row))
            break
        lines.append(line)
    count = len(lines) - 1
    if count < len(rows):
        first = "first row" if count == 1 else f"first {count} rows"
        return "\n".join([*lines, f"(the {first}; there are more: filter, aggregate or use LIMIT and OFFSET)"])
    return "\n".join([*lines, f"({count} row{'' if count == 1 else 's'})"])


def cell(value: Any, width: int = MAX_CELL_CHARACTERS) -> str:
    """A value on one line, not endless."""
    match value:
        case None:
            text = "NULL"
        case float():
            text = f"{value:.15g}"
        case Decimal():
            text = f"{value:f}"
        case date() | datetime():
            text = str(value)
        case bytes():
            text = f"({len(value)} bytes)"
        case _:
            text = " ".join(str(value).split())
    return text if len(text) <= width else f"{text[: width - 1]}…"


class _Database:
    """A copy of an SQLite database; what it holds is a stranger's, and may do nothing beside giving its rows."""

    def __init__(self, place: Path) -> None:
        self._connection = sqlite3.connect(place)

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._connection.execute("PRAGMA query_only = ON")
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _json_cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _holds_text(place: Path, lines: int) -> bool:
    """Whether the first lines of a file are more than blank."""
    with place.open(encoding="utf-8", errors="replace") as opened:
        return any(line.strip() for line in islice(opened, lines))


def _copy(source: int, offset: int, size: int, target: Path) -> None:
    with target.open("wb") as file:
        for data in _chunks(source, offset, size):
            file.write(data)


def _chunks(source: int, offset: int, size: int) -> Iterator[bytes]:
    while size and (data := os.pread(source, min(size, 2**20), offset)):
        yield data
        offset, size = offset + len(data), size - len(data)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    """What DuckDB says in its first lines, without the name of its class and without the query."""
    text = str(error).partition("\n\n")[0]
    lines = [line for line in text.splitlines() if line.strip() and not re.match(r"LINE \d+:|\s*\^", line)]
    line = re.sub(r"^[A-Z][\w ]*Error: ", "", " ".join(" ".join(lines[:3]).split()))[:300]
    # Of tables it guesses at those of its own catalogue.
    line = re.sub(r" Did you mean .*", "", line)
    return line if line.endswith((".", "!", "?")) else f"{line}."
