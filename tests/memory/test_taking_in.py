import contextlib
from pathlib import Path

import pytest
from agentx_memory.local import LocalStore
from agentx_memory.taking_in import take_in


class Report:
    """Keeps what it is told, by the last part of the name."""

    def __init__(self):
        self.told = []

    def _keep(self, what, name):
        self.told.append((what, Path(name).name))

    def stored(self, document, put):
        self._keep("stored", document.source)

    def unchanged(self, name):
        self._keep("unchanged", name)

    def skipped(self, name, reason):
        self._keep(reason, name)

    def forgotten(self, key):
        self._keep("forgotten", key)

    def emptied(self, folder):
        self._keep("emptied", folder)


@pytest.fixture
def added(words):
    """Adds paths to one store; returns what is told, and the names of what is stored then."""
    store = LocalStore(None, words.name)

    def add(*paths):
        report = Report()
        take_in(store, words, [str(path) for path in paths], report)
        return report.told, sorted(Path(item.key).name for item in store.sources())

    return add


@pytest.mark.parametrize(("text", "reason"), [("", "It is empty."), ("---\n", "It holds no text.")])
def test_what_is_stored_of_a_file_goes_when_the_file_is_empty(added, tmp_path, text, reason):
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"boat {name}")
    assert added(tmp_path)[1] == ["a", "b"]
    (tmp_path / "a").write_text(text)
    assert added(tmp_path) == ([(reason, "a"), ("forgotten", "a"), ("unchanged", "b")], ["b"])
    assert added(tmp_path) == ([(reason, "a"), ("unchanged", "b")], ["b"])


def test_a_file_that_cannot_be_read_now_stays_as_it_was_stored(added, tmp_path):
    (tmp_path / "a").write_text("boat")
    added(tmp_path)
    (tmp_path / "a").write_bytes(b"\0\1\2")
    told, stored = added(tmp_path)
    assert [name for _, name in told] == ["a"] and stored == ["a"]


def test_the_folder_of_nobody_keeps_nothing_else_out(added, tmp_path):
    (tmp_path / "a").write_text("boat")
    told, stored = added("~nosuchuser/x", tmp_path)
    assert [name for _, name in told] == ["x", "a"] and stored == ["a"]


class Interrupting(Report):
    """Ends the work with the first file that is forgotten."""

    def forgotten(self, key):
        raise KeyboardInterrupt


@pytest.mark.parametrize("report", [Report, Interrupting])
def test_nothing_of_a_file_that_was_emptied_is_left_in_the_files_of_the_store(tmp_path, words, report):
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in (("a", "the swordfish"), ("b", "the boat")):
        (docs / name).write_text(text)
    store = LocalStore(tmp_path / "memory", words.name)
    take_in(store, words, [str(docs)], Report())
    (docs / "a").write_text("")
    with contextlib.suppress(KeyboardInterrupt):
        take_in(store, words, [str(docs)], report())
    left = b"".join(path.read_bytes() for path in store.folder.glob("memory.sqlite3*"))
    assert b"boat" in left and b"swordfish" not in left
