"""How far the download of an embedding model is, in words."""

from collections.abc import Callable


class Told:
    """A ProgressSink (see `agentx.models.progress`) that tells of a download at its beginning and at each tenth."""

    def __init__(self, telling: Callable[[str], object]) -> None:
        self._telling = telling
        self._label, self._total, self._done = "", 0, 0

    def start(self, label: str, total_bytes: int) -> None:
        self._label, self._total, self._done = label, total_bytes, 0
        self._telling(label)

    def advance(self, n: int) -> None:
        before, self._done = self._tenths, self._done + n
        if self._tenths > before:
            self._telling(f"{self._label}, {self._tenths * 10} %")

    def note(self, text: str) -> None:
        self._telling(text)

    def finish(self) -> None:
        pass

    @property
    def _tenths(self) -> int:
        return 10 * self._done // max(self._total, 1)
