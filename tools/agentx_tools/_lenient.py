"""What short programs expect of the standard library beyond what it promises."""

import os
from pathlib import Path
from typing import Any

COMMON = (
    "collections",
    "configparser",
    "csv",
    "datetime",
    "functools",
    "glob",
    "io",
    "itertools",
    "json",
    "math",
    "operator",
    "os",
    "random",
    "re",
    "shutil",
    "statistics",
    "string",
    "subprocess",
    "sys",
    "time",
    "tomllib",
)
"""Modules that a program may use without importing them, as short programs of models often do."""

_MODES = ("a", "w", "x")


def be_lenient() -> None:
    """From now on, in this process."""
    sort_listings()
    Path.write_text = write_text  # type: ignore[method-assign]


def sort_listings() -> None:
    """Folders are listed in the order of their names, as a program's author silently expects."""
    for name in ("glob", "rglob", "iterdir"):
        unsorted = getattr(Path, name)

        def in_order(self: Path, *args: Any, _unsorted: Any = unsorted, **kwargs: Any) -> Any:
            return iter(sorted(_unsorted(self, *args, **kwargs)))

        setattr(Path, name, in_order)
    listed = os.listdir
    os.listdir = lambda path=".": sorted(listed(path))  # type: ignore[assignment]


def write_text(self: Path, data: Any, *given: Any, mode: str = "w", **named: Any) -> int:
    """`Path.write_text` with the mode of `open`, which models take it to have: `write_text(row, mode="a")` adds."""
    if not isinstance(data, str):  # before the file is opened, and so emptied
        raise TypeError(f"data must be str, not {type(data).__name__}")
    if given and given[0] in _MODES:
        mode, given = given[0], given[1:]
    if mode not in _MODES:
        raise ValueError(f"mode must be one of {', '.join(_MODES)}, not {mode!r}")
    named |= dict(zip(("encoding", "errors", "newline"), given, strict=False))
    with self.open(mode, **named) as file:
        return file.write(data)
