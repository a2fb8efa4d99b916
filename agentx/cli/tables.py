"""Columns of plain text on stdout."""

from collections.abc import Sequence

from agentx.cli.text import one_line

CELL_CHARACTERS = 100


def table(rows: Sequence[Sequence[str]]) -> str:
    """The rows in aligned columns, the first one being the heads."""
    cells = [[one_line(cell, CELL_CHARACTERS) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)
