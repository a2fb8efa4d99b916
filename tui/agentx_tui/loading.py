"""Tells the screen how far the fetching of a model has come; see `agentx.models.progress.ProgressSink`."""

import time
from collections.abc import Callable
from typing import Any

from agentx.models.progress import megabytes
from agentx_tui.signals import Loading

BETWEEN_S = 0.25


class Telling:
    """A ProgressSink that posts at most four times a second."""

    def __init__(self, post: Callable[[Any], None]) -> None:
        self._post = post
        self._label, self._total, self._done, self._told_at = "", 0, 0, 0.0

    def start(self, label: str, total_bytes: int) -> None:
        self._label, self._total, self._done = label, total_bytes, 0
        self._tell()

    def advance(self, n: int) -> None:
        self._done += n
        if time.monotonic() - self._told_at >= BETWEEN_S:
            self._tell()

    def note(self, text: str) -> None:
        self._post(Loading(text))

    def finish(self) -> None:
        self._post(Loading("loading the model"))

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        text = f"{self._label}, {megabytes(self._done)} of {megabytes(self._total)}"
        self._post(Loading(text, self._done / self._total if self._total else None))
