"""Tables as plain text."""

from collections.abc import Collection, Sequence


def aligned(rows: Sequence[Sequence[str]], words: Collection[str] = ()) -> str:
    """Rows of cells in columns; the first row holds the headings.

    Args:
        words: headings of the columns that stand to the left; where none is given, the first column does.
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = {i for i, heading in enumerate(rows[0]) if heading in words} if words else {0}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
