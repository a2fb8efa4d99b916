import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agentx_memory.chroma import ChromaMemory
from agentx_memory.command_watch import _Follower
from agentx_memory.ingest import Change
from agentx_memory.local import LocalStore

from agentx.cli.root import run
from agentx.errors import StorageError


@pytest.fixture
def watching(minilm_files, tmp_path):
    """A real `agentx memory watch` of a folder, with what it has told so far."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "boats.md").write_text("# Boats\n\nThe ketch is moored in Flensburg.\n")
    (folder / "old.txt").write_text("The sauna is lit on Friday.\n")
    assert run(["memory", "add", str(folder)]) == 0
    (folder / "old.txt").unlink()
    told = tmp_path / "told"
    command = [str(Path(sys.executable).with_name("agentx")), "memory", "watch", str(folder), "--json"]
    with told.open("w") as out, (tmp_path / "err").open("w") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=os.environ)

    def changes(until=lambda found: False, seconds=30.0):
        end = time.monotonic() + seconds
        while True:
            lines = [json.loads(line) for line in told.read_text().splitlines()]
            found = [(line["change"], Path(line["source"]).name) for line in lines]
            if until(found):
                return found
            assert process.poll() is None and time.monotonic() < end, (found, (tmp_path / "err").read_text())
            time.sleep(0.05)

    def said(text):
        changes(lambda found: text in (tmp_path / "err").read_text())

    yield folder, changes, said, process
    if process.poll() is None:
        process.kill()
    process.wait()


def stored():
    return {Path(item.key).name for item in ChromaMemory().store.sources()}


def test_the_store_keeps_in_step_with_a_folder_until_ctrl_c(watching):
    folder, changes, said, process = watching
    said("Ctrl-C ends it")
    assert changes(lambda found: True) == [("removed", "old.txt")]
    (folder / "new.txt").write_text("Rye bread takes a day.\n")
    changes(lambda found: ("added", "new.txt") in found)
    (folder / "new.txt").write_text("Rye bread takes two days.\n")
    changes(lambda found: ("changed", "new.txt") in found)
    assert "two days" in ChromaMemory().store.document(str(folder / "new.txt"))[0].text
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 junk")
    changes(lambda found: ("skipped", "bad.pdf") in found)
    (folder / "boats.md").rename(folder / "ships.md")
    changes(lambda found: {("added", "ships.md"), ("removed", "boats.md")} <= {*found})
    assert stored() == {"ships.md", "new.txt"}
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130


def test_many_files_at_once_and_a_folder_that_goes(watching):
    folder, changes, said, _process = watching
    said("Ctrl-C ends it")
    (folder / "deep").mkdir()
    for number in range(30):
        (folder / "deep" / f"{number}.txt").write_text(f"Berth {number} is free.\n")
    changes(lambda found: len({name for change, name in found if change == "added"}) == 30)
    for path in (folder / "deep").iterdir():
        path.unlink()
    (folder / "deep").rmdir()
    changes(lambda found: sum(change == "removed" for change, _ in found) == 31)
    assert stored() == {"boats.md"}


class Locked(LocalStore):
    """Another process holds the lock at these calls of `put`."""

    def __init__(self, model, *refused):
        super().__init__(None, model)
        self._refused, self._calls = refused, 0

    def put(self, document, vectors):
        self._calls += 1
        if self._calls in self._refused:
            raise StorageError("The memory is being written by another process.")
        return super().put(document, vectors)


class Slow:
    """An embedder that takes longer than the patience of a test."""

    def __init__(self, words):
        self.name, self.split, self._embed = words.name, words.split, words.embed

    def embed(self, texts):
        time.sleep(0.3)
        return self._embed(texts)


def test_another_process_is_waited_for_from_its_first_refusal_and_anew_after_each_document(tmp_path, words, capsys):
    for name in "abc":
        (tmp_path / name).write_text(f"The boat {name}.")
    # Embedding takes longer than the patience, and so do both refusals together.
    store = Locked("words", 1, 3)
    _Follower(store, Slow(words), as_json=True, patience_s=0.2).follow([Change(tmp_path, "added")])
    assert len(store.sources()) == 3
    assert capsys.readouterr().err.count("Trying again.") == 2


def test_patience_ends(tmp_path, words):
    (tmp_path / "a").write_text("The boat.")
    follower = _Follower(Locked("words", *range(99)), words, as_json=True, patience_s=0.2)
    with pytest.raises(StorageError):
        follower.follow([Change(tmp_path, "added")])


def test_a_file_that_is_emptied_is_removed(tmp_path, words, capsys):
    store = LocalStore(None, words.name)
    follower = _Follower(store, words, as_json=False)
    for text in ("The boat.", ""):
        (tmp_path / "a.txt").write_text(text)
        follower.follow([Change(tmp_path / "a.txt", "changed")])
    assert store.sources() == []
    assert f"removed {tmp_path / 'a.txt'}" in capsys.readouterr().out


class Refused(LocalStore):
    """Another process holds the lock when this one would first compact the file."""

    refusals = 1

    def compact(self):
        if self.refusals:
            self.refusals -= 1
            raise StorageError("The memory is being written by another process.")
        super().compact()


@pytest.mark.parametrize("store", [LocalStore, Refused])
@pytest.mark.parametrize("left", [None, ""])
def test_nothing_of_a_file_that_went_is_left_in_the_files_of_the_store(tmp_path, words, capsys, store, left):
    (tmp_path / "a.txt").write_text("the swordfish")
    held = store(tmp_path / "memory", words.name)
    follower = _Follower(held, words, as_json=False)
    follower.follow([Change(tmp_path / "a.txt", "added")])
    if left is None:
        (tmp_path / "a.txt").unlink()
    else:
        (tmp_path / "a.txt").write_text(left)
    follower.follow([Change(tmp_path / "a.txt", "removed" if left is None else "changed")])
    assert held.count() == 0
    assert b"swordfish" not in b"".join(path.read_bytes() for path in held.folder.glob("memory.sqlite3*"))


def test_what_is_no_folder_is_a_sentence(minilm_files, tmp_path, capsys):
    assert run(["memory", "watch", str(tmp_path / "none")]) == 2
    assert "There is no folder" in capsys.readouterr().err
