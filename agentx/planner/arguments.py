"""What the arguments of a call say, value by value."""

from collections.abc import Iterator, Mapping
from typing import Any


def leaves(value: Any) -> Iterator[Any]:
    """The values within lists and objects, in order; None and the empty text say nothing and are none."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif value not in (None, ""):
        yield value
