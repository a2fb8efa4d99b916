"""What was sent before, in a file of the data folder, newest last; the draft at hand stands behind it."""

import contextlib
import json
import os
from pathlib import Path

MAX_ENTRIES = 1_000
MAX_ENTRY_CHARACTERS = 20_000
"""Of what the file takes."""


class History:
    """Entries are read at the first look back, so that starting costs nothing. A file that fails is done without."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: list[str] | None = None
        self._at = 0
        self._draft = ""

    @property
    def is_begun(self) -> bool:
        """Whether anything was ever sent; reads nothing."""
        return self._path.exists()

    @property
    def entries(self) -> list[str]:
        if self._entries is None:
            self._entries = []
            with contextlib.suppress(OSError):
                for row in self._path.read_text(encoding="utf-8", errors="replace").splitlines()[-MAX_ENTRIES:]:
                    with contextlib.suppress(ValueError):
                        entry = json.loads(row)
                        if isinstance(entry, str):
                            self._entries.append(entry)
            self._at = len(self._entries)
        return self._entries

    def add(self, text: str) -> None:
        """Keeps what was sent, a long text until the screen ends; the same twice in a row is kept once."""
        entries = self.entries
        if text.strip() and entries[-1:] != [text]:
            entries.append(text)
            if len(text) <= MAX_ENTRY_CHARACTERS:
                self._write(text)
        self.leave()

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with open(descriptor, "a", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                file.write(json.dumps(text) + "\n")

    def leave(self) -> None:
        """The next look back starts at the newest."""
        self._at = len(self.entries)

    def previous(self, draft: str) -> str | None:
        """The entry before; None where there is none."""
        entries = self.entries
        if self._at == 0:
            return None
        if self._at == len(entries):
            self._draft = draft
        self._at -= 1
        return entries[self._at]

    def next(self) -> str | None:
        """The entry after, at last the draft; None where that is what is shown."""
        entries = self.entries
        if self._at >= len(entries):
            return None
        self._at += 1
        return entries[self._at] if self._at < len(entries) else self._draft

    def search(self, typed: str) -> list[str]:
        """The entries that hold all typed words, newest first, each once."""
        words = typed.lower().split()
        found = [entry for entry in reversed(self.entries) if all(word in entry.lower() for word in words)]
        return list(dict.fromkeys(found))
