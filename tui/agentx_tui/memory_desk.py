"""The memory behind its page: opened in a thread at the first need, and files are added while the page is left."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentx.cli import failures
from agentx.shelf import Added, Shelf
from agentx.threads import in_thread
from agentx_tui.printable import line

PERIOD_S = 0.2
"""Between two words on how far the adding is."""


@dataclass(frozen=True, slots=True)
class Adding:
    """How far files are that are being added, and what came of it.

    Attributes:
        total: 0 until it is known.
        doing: what is waited for in place of files, "" where it is those.
        added: None until it is over.
        failed: a sentence where it broke off, "" else.
    """

    done: int = 0
    total: int = 0
    name: str = ""
    doing: str = "looking for files"
    added: Added | None = None
    failed: str = ""

    @property
    def over(self) -> bool:
        return self.added is not None or bool(self.failed)


class Desk:
    """One for each app.

    Args:
        tool_settings: gives, for each tool, its own table of the settings.

    Attributes:
        adding: the last one; None where nothing was added yet.
        changed: called on the app's loop where `adding` is another.
    """

    def __init__(self, tool_settings: Callable[[], Mapping[str, Mapping[str, Any]]]) -> None:
        self._tool_settings = tool_settings
        self._lock = threading.Lock()
        self._shelf: Shelf | None = None
        self._stopped = threading.Event()
        self.adding: Adding | None = None
        self.changed: Callable[[], None] = lambda: None

    def shelf(self) -> Shelf:
        """The memory of the agent's tools. Blocks: its package is imported.

        Raises:
            PluginError: no installed memory can be looked into.
            ConfigError: its settings cannot be used.
        """
        from agentx.shelf import open_shelf

        with self._lock:
            if self._shelf is None:
                self._shelf = open_shelf(self._tool_settings())
            return self._shelf

    @property
    def is_adding(self) -> bool:
        return self.adding is not None and not self.adding.over

    def stop(self) -> None:
        """Ends the adding after the file that it is at; what is stored stays."""
        self._stopped.set()

    async def add(self, collection: str, paths: Sequence[str]) -> str:
        """Adds what lies at the paths; returns in a sentence what came of it. Not for use twice at once."""
        loop = asyncio.get_running_loop()
        last = 0.0
        self._stopped.clear()
        self._put(Adding())

        def later(adding: Adding) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._put, adding)

        def telling(words: str) -> None:
            later(Adding(doing=words))

        def progress(done: int, total: int, name: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= PERIOD_S:
                last = now
                later(Adding(done, total, name, ""))

        def work() -> Added:
            return self.shelf().add(collection, paths, telling=telling, progress=progress, stopped=self._stopped.is_set)

        try:
            adding = Adding(added=await in_thread(work, name="agentx-memory-add"))
        except Exception as error:
            adding = Adding(failed=failures.describe(error)[0])
        self._put(adding)
        return sentence(adding)

    def _put(self, adding: Adding) -> None:
        self.adding = adding
        self.changed()


def sentence(adding: Adding) -> str:
    """What came of adding, or how it broke off."""
    added = adding.added
    if added is None:
        return adding.failed
    counted = [
        (added.stored, "stored"),
        (added.unchanged, "unchanged"),
        (added.forgotten, "forgotten, for the files are gone"),
        (len(added.skipped), "skipped"),
    ]
    told = ", ".join(f"{number:,} {what}" for number, what in counted if number) or "nothing there to add"
    if len(added.skipped) == 1:
        name, reason = added.skipped[0]
        told += f" ({line(name.rpartition('/')[2], 60)}: {line(reason, 200).rstrip('.')})"
    before = "Stopped; what is stored stays: " if added.stopped else ""
    return " ".join([f"{before}{told}.", *added.notices])
