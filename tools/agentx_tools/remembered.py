"""Values that are kept for a time in this process, the least used going first."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """At most `most` values, each until its time is up."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._kept: OrderedDict[Hashable, tuple[float, Value]] = OrderedDict()

    def get(self, key: Hashable) -> Value | None:
        """What is kept under the key; None if nothing is, or no longer."""
        until, value = self._kept.get(key, (0.0, None))
        if value is None or self._now() >= until:
            self._kept.pop(key, None)
            return None
        self._kept.move_to_end(key)
        return value

    def keep(self, key: Hashable, value: Value, for_s: float) -> None:
        """Keeps a value for so many seconds; for none of them, it is not kept."""
        if for_s <= 0:
            return
        self._kept[key] = (self._now() + for_s, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
