import sqlite3
import subprocess
import sys
import threading

import pytest
from agentx_memory import tools
from agentx_memory.chroma import ChromaMemory
from agentx_memory.shelf import MemoryShelf
from agentx_memory.store import memory_folder

from agentx.errors import StorageError, UsageError
from agentx.shelf import open_shelf

NOTES = "# Boats\n\nThe ketch Marlene is moored in Flensburg.\n\n# Garden\n\nGrandma likes orchids.\n"


@pytest.fixture
def memory(words, monkeypatch):
    memory = ChromaMemory(embedder=words)
    monkeypatch.setattr(tools, "_memories", {memory_folder(): memory})
    return memory


@pytest.fixture
def shelf(memory):
    return MemoryShelf({})


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "notes.md").write_text(NOTES)
    (folder / "tax.txt").write_text("The tax is due on the 31st of May.\n")
    return folder


def quiet(*said):
    pass


def add(shelf, *paths, progress=quiet, stopped=lambda: False, collection="notes"):
    return shelf.add(collection, [str(path) for path in paths], telling=quiet, progress=progress, stopped=stopped)


def test_the_registered_memory_has_a_shelf_that_shares_the_store_of_the_tools(memory):
    shelf = open_shelf({})
    memory.add("I like green tea.", "session s1", session="s1")
    assert shelf.collections() == {"notes": 1}
    (held,) = shelf.documents("notes", 10)
    assert (held.kind, held.name, held.passages) == ("note", "I like green tea.", 1)
    shelf.note("The boat is called Marlene.", telling=quiet)
    assert memory.search("boat Marlene", 1)[0].text == "The boat is called Marlene."
    assert shelf.place == memory.store.place


def test_nothing_is_made_by_looking(shelf, data_folder):
    assert shelf.collections() == {} and shelf.documents("notes", 10) == []
    assert shelf.search("notes", "boat", 5, telling=quiet) == []
    assert not data_folder.exists()


def test_files_are_added_with_progress_and_found_with_reason_and_place(shelf, docs):
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 junk")
    steps = []
    added = add(shelf, docs, progress=lambda *step: steps.append(step))
    assert (added.stored, added.unchanged) == (2, 0)
    assert [name for name, _ in added.skipped] == [str(docs / "broken.pdf")]
    assert [(done, total) for done, total, _ in steps] == [(1, 3), (2, 3), (3, 3)]
    assert add(shelf, docs).unchanged == 2
    found = shelf.search("notes", "ketch Marlene", 5, telling=quiet)
    assert found[0].passage.place == f"{docs / 'notes.md'}:3"
    assert found[0].reason == "dense 1st, lexical 1st" and found[0].similarity > 0.4
    assert found[0].passage.heading == ("Boats",)
    (docs / "tax.txt").unlink()
    assert add(shelf, docs).forgotten == 1


def test_adding_is_stopped_between_two_files_and_what_is_stored_stays(shelf, docs):
    for number in range(20):
        (docs / f"more{number}.txt").write_text(f"Number {number} is a number.\n")
    seen = []
    added = add(shelf, docs, progress=lambda *step: seen.append(step), stopped=lambda: len(seen) >= 1)
    assert added.stopped and added.stored == 1
    assert len(shelf.documents("notes", 100)) >= 1


def test_an_address_that_cannot_be_fetched_is_skipped_with_a_sentence(shelf):
    found = []
    # As a screen does it, in a thread.
    thread = threading.Thread(target=lambda: found.append(add(shelf, "http://127.0.0.1:9/page")))
    thread.start()
    thread.join(30)
    ((name, reason),) = found[0].skipped
    assert name == "http://127.0.0.1:9/page" and reason.endswith(".")


def test_the_source_is_the_file_at_the_passage(shelf, docs):
    add(shelf, docs)
    (passage,) = [one for one in shelf.passages("notes", str(docs / "notes.md")) if "orchids" in one.text]
    source = shelf.source("notes", passage)
    assert source.notice == "" and source.first == 1
    first, last = source.marked
    assert source.lines[first - 1 : last] == ("Grandma likes orchids.",)
    (docs / "notes.md").write_text("# Other\n")
    assert shelf.source("notes", passage).notice == "The file has changed since it was stored."
    (docs / "notes.md").unlink()
    source = shelf.source("notes", passage)
    assert source.notice.startswith("The file cannot be shown: There is no such file")
    first, last = source.marked
    assert "Grandma likes orchids." in source.lines[first - 1 : last]


def test_of_a_long_file_the_source_is_what_is_around_the_passage(shelf, docs):
    lines = [f"line {number} of a long file" for number in range(1, 10_001)]
    (docs / "long.txt").write_text("\n".join(lines))
    add(shelf, docs / "long.txt")
    passage = next(one for one in shelf.passages("notes", str(docs / "long.txt")) if one.lines and one.lines[0] > 5_000)
    source = shelf.source("notes", passage)
    first, last = source.marked
    assert len(source.lines) <= 4_002 + last - first and source.first > 1
    assert "\n".join(source.lines[first - source.first : last - source.first + 1]) == passage.text.strip("\n")


def test_a_note_has_no_file(shelf, memory):
    memory.add("I like tea.", "session s1")
    (passage,) = shelf.passages("notes", shelf.documents("notes", 1)[0].key)
    source = shelf.source("notes", passage)
    assert (source.name, source.lines, source.marked) == ("session s1", ("I like tea.",), (1, 1))


def test_a_document_and_a_passage_are_forgotten(shelf, docs):
    add(shelf, docs)
    name = str(docs / "notes.md")
    (passage,) = [one for one in shelf.passages("notes", name) if "orchids" in one.text]
    before = next(item.stored for item in shelf.documents("notes", 10) if item.key == name)
    shelf.forget_passage("notes", passage.id)
    assert all("orchids" not in one.text for one in shelf.passages("notes", name))
    assert next(item.stored for item in shelf.documents("notes", 10) if item.key == name) == before
    assert "orchids" not in " ".join(one.text for one in shelf.search("notes", "orchids", 5, telling=quiet))
    with pytest.raises(UsageError, match="there no more"):
        shelf.forget_passage("notes", passage.id)
    assert add(shelf, docs).stored == 1  # what is in the file is the file's to say
    assert any("orchids" in one.text for one in shelf.passages("notes", name))
    shelf.forget("notes", name)
    assert [item.key for item in shelf.documents("notes", 10)] == [str(docs / "tax.txt")]
    (last,) = shelf.passages("notes", str(docs / "tax.txt"))
    shelf.forget_passage("notes", last.id)
    assert shelf.collections() == {}


def test_a_file_whose_name_is_like_a_pattern_is_forgotten_alone(shelf, docs):
    (docs / "no*.md").write_text("One line.\n\nTwo line.\n")
    add(shelf, docs)
    name = str(docs / "no*.md")
    one = shelf.passages("notes", name)[0]
    shelf.forget_passage("notes", one.id)
    assert len(shelf.passages("notes", str(docs / "notes.md"))) == 2


def test_collections_are_counted_and_the_agent_s_own_comes_first(shelf, docs):
    add(shelf, docs / "tax.txt", collection="archive")
    add(shelf, docs)
    counts = shelf.collections()
    assert list(counts) == ["notes", "archive"] and counts["archive"] == 1 and counts["notes"] > 1
    assert [item.name for item in shelf.documents("archive", 5)] == [str(docs / "tax.txt")]


def test_what_another_process_writes_is_readable_meanwhile(shelf, docs):
    add(shelf, docs)
    holder = sqlite3.connect(memory_folder() / "memory.sqlite3", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert len(shelf.documents("notes", 10)) == 2
        assert shelf.search("notes", "orchids", 5, telling=quiet)
        threading.Timer(0.5, lambda: holder.execute("ROLLBACK")).start()
        shelf.note("Kept once the other is done.", telling=quiet)
    finally:
        if holder.in_transaction:
            holder.execute("ROLLBACK")
    assert len(shelf.documents("notes", 10)) == 3


def test_a_broken_file_is_one_sentence(shelf):
    memory_folder().mkdir(parents=True)
    (memory_folder() / "memory.sqlite3").write_text("no database")
    with pytest.raises(StorageError, match="memory"):
        shelf.documents("notes", 10)


def test_importing_the_shelf_of_the_core_loads_no_memory():
    code = "import sys, agentx.shelf\nprint(*[name for name in sys.modules if name.startswith('agentx_memory')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_opening_it_loads_neither_chroma_nor_a_model():
    code = (
        "import sys\nfrom agentx.shelf import open_shelf\nopen_shelf({}).collections()\n"
        "print(*[name for name in ('chromadb', 'onnxruntime', 'tokenizers', 'numpy') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
