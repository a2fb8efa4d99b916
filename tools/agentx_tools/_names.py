"""What a query calls the tables of databases, of which several may have one name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any


@dataclass(frozen=True, slots=True)
class Named:
    """A table of a database.

    Attributes:
        table: what the database calls it.
        name: what a query calls it: the same where that was free, else `full_name`.
        full_name: it begins with the name of the file, and means this table whatever others there are.
        other: path of the file that has the plain name; None where that is this one.
    """

    table: str
    name: str
    full_name: str
    other: str | None


class Names:
    """The names that are given, and which file has each.

    They are given in one order whatever the query holds, else a name would mean one table in this query and another in
    the next: first to files that are one table, then to the tables of databases by the paths of these.
    """

    def __init__(self, files: Sequence[Mapping[str, Any]]) -> None:
        self._owners: dict[str, str] = {
            name.casefold(): file["path"]
            for file in files
            if file["kind"] != "sqlite"
            for name in (file["name"], *file["aliases"])
        }

    def of_database(self, file: Mapping[str, Any], tables: Sequence[str]) -> list[Named]:
        """Gives names to the tables of one database."""
        found: list[Named] = []
        plain = {table for table in tables if self._take(table, file["path"])}
        for table in tables:
            form = f"{file['name']}_{table}"
            forms = chain([form], (f"{form}_{number}" for number in count(2)))
            full = next(name for name in forms if self._take(name, file["path"]))
            other = None if table in plain else self._owners[table.casefold()]
            found.append(Named(table, table if table in plain else full, full, other))
        return found

    def _take(self, name: str, path: str) -> bool:
        """Whether a name was free; DuckDB tells none apart by their case."""
        is_free = name.casefold() not in self._owners
        self._owners.setdefault(name.casefold(), path)
        return is_free
