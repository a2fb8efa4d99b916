"""A bar on stderr that counts what is done of a known number."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


def counted() -> "Progress":
    """A bar that goes away at its end, for terminals only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True), transient=True)
