"""Refuses rows that cannot be learnt from, before anything is loaded: each refusal names the column and the rows."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from agentx.cli.text import one_line
from agentx.errors import UsageError
from agentx_learn.tuning.rows import MAX_LINE_CHARACTERS, DataError, Table

MAX_CLASSES = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")
ID = "id"


def share_of(evaluate: str, what: str) -> float:
    """The share of the data that is to judge; 0 where `--evaluate` is no number and so names other data.

    Args:
        what: the data is made of.

    Raises:
        UsageError: it is a number, and no share.
    """
    try:
        share = float(evaluate)
    except ValueError:
        return 0.0
    if not 0 < share < 1:
        raise UsageError(f"--evaluate {evaluate} is no share of the {what}: give one above 0 and below 1, or a file.")
    return share


def require_column(table: Table, column: str, option: str) -> None:
    """Raises DataError where a column is missing, wholly or in some rows.

    Args:
        option: by which a user names another one.
    """
    if column not in table.columns:
        have = ", ".join(f"`{one_line(name, 40)}`" for name in table.columns[:12])
        raise DataError(f"{table.name} has no column `{column}`, only {have}; name the right one by {option}.")
    if without := [row.number for row in table.rows if column not in row.values]:
        raise DataError(f"{table.name}, {table.at(without)}: there is no `{column}`; add it or leave the rows out.")


def refuse_twice(table: Table, column: str = ID) -> None:
    """Raises DataError where two rows have the same id; a table without that column has none."""
    first: dict[Any, int] = {}
    for row in table.rows:
        value = row.values.get(column)
        if value is None or value == "":
            continue
        if (before := first.setdefault(str(value), row.number)) != row.number:
            raise DataError(
                f"{table.name}, {table.at([before, row.number])} have the same {column} "
                f"`{one_line(str(value), 60)}`; give each row its own, or drop the column."
            )


def texts_of(table: Table, column: str, option: str) -> list[str]:
    """A column of texts, in order.

    Raises:
        DataError: the column is missing, or some are empty, too long, or no text.
    """
    require_column(table, column, option)
    if other := [row.number for row in table.rows if not isinstance(row.values[column], str | None)]:
        raise DataError(f"{table.name}, {table.at(other)}: `{column}` is no text; write it in quotes.")
    texts = [row.values[column] or "" for row in table.rows]
    numbered = list(zip([row.number for row in table.rows], texts, strict=True))
    if empty := [number for number, text in numbered if not text.strip()]:
        raise DataError(f"{table.name}, {table.at(empty)}: `{column}` is empty; fill it or leave the rows out.")
    if long := [number for number, text in numbered if len(text) > MAX_LINE_CHARACTERS]:
        raise DataError(
            f"{table.name}, {table.at(long)}: `{column}` has more than {MAX_LINE_CHARACTERS:,} characters, of which a "
            "model sees only the first; cut it in several rows."
        )
    return texts


def labels_of(table: Table, column: str, option: str, least: int = 2) -> list[str]:
    """A column of classes, in order.

    Args:
        least: rows that each class must have.

    Raises:
        DataError: the column is missing, values are missing or of no type that a class has, or there is one class
            only, too few rows of one, or as many classes as a free text has.
    """
    require_column(table, column, option)
    values = [(row.number, row.values[column]) for row in table.rows]
    if without := [number for number, value in values if value is None or value == ""]:
        raise DataError(f"{table.name}, {table.at(without)}: `{column}` is empty; fill it or leave the rows out.")
    if other := [number for number, value in values if not isinstance(value, str | int)]:
        kind = type(next(value for number, value in values if number == other[0])).__name__
        raise DataError(
            f"{table.name}, {table.at(other)}: `{column}` is of type {kind}; a class is a text, a whole number, or "
            "true or false."
        )
    if len(kinds := {type(value).__name__ for _, value in values}) > 1:
        common = Counter(type(value) for _, value in values).most_common(1)[0][0]
        odd = [number for number, value in values if type(value) is not common]
        raise DataError(
            f"{table.name}: `{column}` is of types that differ ({', '.join(sorted(kinds))}), first in "
            f"{table.at(odd)}; write all classes alike."
        )
    labels = [str(value).strip() for _, value in values]
    if broken := [number for (number, _), label in zip(values, labels, strict=True) if _SURROGATE.search(label)]:
        raise DataError(
            f"{table.name}, {table.at(broken)}: `{column}` holds half a character (a lone surrogate), which cannot be "
            "written; mend it."
        )
    _check_classes(table, column, labels, least)
    return labels


def _check_classes(table: Table, column: str, labels: Sequence[str], least: int) -> None:
    counts = Counter(labels)
    numbers = [row.number for row in table.rows]
    if len(counts) == 1:
        place = table.at(sorted({numbers[0], numbers[-1]}))
        raise DataError(
            f"{table.name}: all {len(labels)} rows ({place} among them) are of one class, "
            f"`{one_line(labels[0], 60)}`; a classifier needs two or more."
        )
    if len(counts) > MAX_CLASSES or (len(labels) > 20 and len(counts) > len(labels) // 2):
        raise DataError(
            f"{table.name}: `{column}` has {len(counts)} different values in {len(labels)} rows, as a text has and no "
            "class; name the right column by --label."
        )
    for label, count in counts.items():
        if count < least:
            places = [number for number, each in zip(numbers, labels, strict=True) if each == label]
            raise DataError(
                f"{table.name}, {table.at(places)}: the class `{one_line(label, 60)}` has {count} of the at least "
                f"{least} rows that it needs; add some, or leave the class out."
            )
