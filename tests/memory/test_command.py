import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agentx_memory.chroma import ChromaMemory

from agentx.cli.root import run

NOTES = "# Boats\n\nThe ketch Marlene is moored in Flensburg.\n\n# Garden\n\nGrandma likes orchids.\n"


@pytest.fixture
def agentx(capsys, minilm_files, monkeypatch, tmp_path):  # `minilm_files`: the command acquires the model itself
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("AGENTX_MEMORY_PASSPHRASE", raising=False)
    monkeypatch.chdir(tmp_path)

    def agentx(*words, code=0):
        assert run(["memory", *map(str, words)]) == code
        return capsys.readouterr()

    return agentx


@pytest.fixture
def notes(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "notes.md").write_text(NOTES)
    (tmp_path / "docs" / "tax.txt").write_text("The tax is due on the 31st of May.\n")
    return tmp_path / "docs"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_what_was_added_is_found_with_reason_and_place(agentx, notes):
    said = agentx("add", "docs")
    assert said.out == ""
    assert "2 documents stored" in said.err
    said = agentx("search", "Where is the sailing boat Marlene?", "--limit", "1")
    head, *text = said.out.splitlines()
    assert head.startswith(f"1. {notes / 'notes.md'}:")
    assert ": 1st in meaning (similarity 0." in head and head.endswith("), 1st by its words")
    assert "    The ketch Marlene is moored in Flensburg." in text
    (hit,) = lines(agentx("search", "flowers for grandmother", "--limit", "1", "--json").out)
    assert (hit["source"], hit["lines"], hit["kind"]) == (str(notes / "notes.md"), [7, 7], "markdown")
    assert "orchids" in hit["text"]
    assert agentx("search", "boat", "--kind", "pdf").err == "Nothing in the memory matches.\n"
    (hit,) = lines(agentx("search", "boat", "--source", "docs/tax.txt", "--json").out)
    assert hit["source"] == str(notes / "tax.txt")


def test_adding_again_costs_nothing_and_a_change_replaces(agentx, notes):
    agentx("add", notes)
    assert "0 documents stored (0 chunks added, 0 removed), 2 unchanged" in agentx("add", notes).err
    (notes / "tax.txt").write_text("The tax was paid.\n")
    (told,) = lines(agentx("add", notes, "--json").out)
    assert (told["source"], told["added"], told["removed"]) == (str(notes / "tax.txt"), 1, 1)
    assert "paid" in agentx("show", "docs/tax.txt").out
    assert "31st" not in agentx("show", "docs/tax.txt").out


def test_a_file_that_cannot_be_read_is_told_of_and_the_rest_stored(agentx, notes):
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 junk")
    said = agentx("add", notes)
    assert f"skipped {notes / 'broken.pdf'}:" in said.err
    assert "2 documents stored" in said.err and "1 skipped" in said.err
    assert "skipped" in agentx("add", notes / "broken.pdf", code=1).err


def test_files_of_a_folder_that_are_gone_are_forgotten_when_it_is_added_again(agentx, notes, tmp_path):
    ChromaMemory().add("The note names a file.", str(notes / "none.txt"))
    (notes / "more.txt").write_text("The sauna is lit on Friday.\n")
    (tmp_path / "docs2").mkdir()
    (tmp_path / "docs2" / "other.txt").write_text("The cello stands in the hall.\n")
    agentx("add", notes, "docs2")
    (notes / "more.txt").unlink()
    (tmp_path / "docs2" / "other.txt").unlink()
    assert "forgotten" not in agentx("add", notes / "tax.txt").err
    assert "2 unchanged, 0 skipped, 1 forgotten, for their files are gone" in agentx("add", "docs").err
    kept = {row["source"] for row in lines(agentx("list", "--json").out)}
    assert kept == {
        *map(str, (notes / "notes.md", notes / "tax.txt", notes / "none.txt", tmp_path / "docs2/other.txt"))
    }


def test_an_empty_folder_may_be_a_disk_that_is_not_there(agentx, notes):
    agentx("add", notes)
    for path in notes.iterdir():
        path.unlink()
    said = agentx("add", notes)
    assert f"`agentx memory rm {notes}` removes it" in said.err and "forgotten" not in said.err
    assert len(lines(agentx("list", "--json").out)) == 2
    agentx("rm", notes, "--yes")
    assert agentx("list").out == ""


def test_list_show_and_rm_know_a_document_by_path_folder_and_note(agentx, notes):
    ChromaMemory().add("Dr. Weber's practice opens at 8.", "session s1", session="s1")
    agentx("add", notes)
    listed = agentx("list").out
    assert "Dr. Weber's practice opens at 8. (session s1)" in listed and str(notes / "tax.txt") in listed
    rows = lines(agentx("list", "--json").out)
    assert {row["kind"] for row in rows} == {"note", "markdown", "text"}
    note = next(row["key"] for row in rows if row["kind"] == "note")
    shown = agentx("show", note.removeprefix("note ")[:8]).out
    assert shown.startswith("[1] session s1\nDr. Weber's")
    assert "Dr. Weber" in agentx("show", "1").out
    (chunk,) = lines(agentx("show", "docs/tax.txt", "--json").out)
    assert (chunk["first_line"], chunk["last_line"], chunk["page"]) == (1, 1, None)
    assert "--yes" in agentx("rm", "docs", code=2).err
    assert agentx("rm", "docs", "--yes").err == "2 removed.\n"
    assert agentx("rm", note).err == "1 removed.\n"
    assert "holds no `docs`; `agentx memory list`" in agentx("show", "docs", code=2).err
    assert agentx("list").err == "The memory holds nothing of that kind.\n"


def test_notes_are_forgotten_by_words_by_session_and_all(agentx):
    memory = ChromaMemory()
    memory.add("Grandma likes orchids.", "session s1", session="s1")
    memory.add("The wifi password is swordfish.", "session s2", session="s2")
    memory.add("The boat lies in Flensburg.", "session s2", session="s2")
    assert agentx("forget", "swordfish.", "--yes").err == "1 removed.\n"
    assert memory.count() == 2
    assert "Say what to forget" in agentx("forget", code=2).err
    assert "Nobody can be asked" in agentx("forget", "orchids", code=2).err
    assert agentx("forget", "--session", "s2", "--yes").err == "1 removed.\n"
    assert agentx("forget", "--all", "--yes").err == "1 removed.\n"
    assert memory.count() == 0


def test_a_name_that_is_empty_means_nothing(agentx, notes):
    agentx("add", notes)
    for words in (["rm", "", "-y"], ["show", ""], ["list", "--source", ""], ["forget", "--session", "", "-y"]):
        assert "A name is empty" in agentx(*words, code=2).err
    assert "A name is empty" in agentx("add", "", code=2).err
    assert "A name is empty" in agentx("watch", "", code=2).err
    assert len(lines(agentx("list", "--json").out)) == 2


def test_stats_tell_how_much_is_where(agentx, notes, data_folder):
    agentx("add", notes)
    (told,) = lines(agentx("stats", "--json").out)
    assert (told["documents"], told["chunks"], told["place"]) == (2, 3, str(data_folder / "memory"))
    assert told["embedding model"].startswith("all-MiniLM-L6-v2")
    assert "documents: markdown" in agentx("stats").out


def test_a_memory_goes_to_another_machine_with_a_passphrase(agentx, notes, monkeypatch, tmp_path):
    agentx("add", notes)
    assert "give it in AGENTX_MEMORY_PASSPHRASE" in agentx("export", "memory.sealed", code=2).err
    monkeypatch.setenv("AGENTX_MEMORY_PASSPHRASE", "correct horse")
    assert agentx("export", "memory.sealed").err == "2 documents are in memory.sealed.\n"
    assert "is there already" in agentx("export", "memory.sealed", code=2).err
    assert b"Flensburg" not in (tmp_path / "memory.sealed").read_bytes()
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "elsewhere"))
    assert agentx("import", "memory.sealed").err == "2 documents came from memory.sealed.\n"
    assert "Flensburg" in agentx("search", "ketch").out
    monkeypatch.setenv("AGENTX_MEMORY_PASSPHRASE", "wrong")
    assert "passphrase is not the one" in agentx("import", "memory.sealed", code=2).err


def test_a_changed_model_is_named_and_reindexed(agentx, words):
    ChromaMemory(embedder=words).add("The ketch is moored in Flensburg.", "note")
    assert "`agentx memory reindex`" in agentx("search", "boat", code=78).err
    assert "ketch" in agentx("list").out
    assert agentx("reindex").err.startswith("1 chunks have new vectors of all-MiniLM")
    assert "ketch" in agentx("search", "boat").out


def test_looking_into_no_memory_makes_none(agentx, data_folder):
    assert agentx("list").err == "The memory is empty.\n"
    assert agentx("search", "boat").err == "Nothing in the memory matches.\n"
    agentx("stats")
    assert not data_folder.exists()


def test_the_setting_path_moves_the_memory_of_the_command_too(agentx, notes, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f'[tools.recall]\npath = "{tmp_path / "mine"}"\n')
    agentx("add", notes)
    assert (tmp_path / "mine" / "memory.sqlite3").exists()


def test_ctrl_c_leaves_a_whole_store_and_the_same_command_goes_on(agentx, tmp_path, data_folder):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(400):
        text = "".join(f"Line {line} of file {number} is about boats and harbours.\n" for line in range(30))
        (many / f"{number:03}.txt").write_text(text)
    command = [str(Path(sys.executable).with_name("agentx")), "memory", "add", str(many)]
    adding = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    store = ChromaMemory().store
    for _ in range(600):
        if store.exists and len(store.sources()) > 20:
            break
        assert adding.poll() is None, adding.stderr.read()
        time.sleep(0.05)
    adding.send_signal(signal.SIGINT)
    assert "the same command goes on" in adding.communicate(timeout=30)[1]
    assert adding.returncode == 130
    stored = store.sources()
    assert 20 < len(stored) < 400
    assert all(len(store.document(item.key)) == item.chunks for item in stored)
    (many / "399.txt").unlink()
    said = agentx("add", *sorted(many.iterdir())[: len(stored) + 3])
    assert "3 documents stored" in said.err and f"{len(stored)} unchanged" in said.err


def test_the_command_loads_nothing_heavy_for_its_help_and_list():
    code = """
import sys
from agentx.cli.root import run
assert run(["memory", "list"]) == 0
heavy = {"chromadb", "onnxruntime", "tokenizers", "cryptography", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
