import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from agentx_memory.chroma import ChromaMemory
from agentx_memory.database import Database

from agentx.errors import StorageError

PREAMBLE = """
import os, resource, runpy, signal, sys
from pathlib import Path
import numpy.random
from agentx.errors import AgentXError
from agentx_memory.chroma import ChromaMemory
words = runpy.run_path(sys.argv[1])["WordEmbedder"]()
memory = ChromaMemory(Path(sys.argv[2]), embedder=words)
"""


def other_process(folder, code):
    conftest = Path(__file__).parent / "conftest.py"
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + code, str(conftest), str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_note_of_one_process_is_found_by_another(tmp_path, minilm_files, minilm):
    ChromaMemory(tmp_path, embedder=minilm).add("The ketch is moored in the marina.", "note")
    code = """
import sys
from pathlib import Path
from agentx_memory.chroma import ChromaMemory
from agentx_memory.embedder import MiniLmEmbedder
folder, *files = map(Path, sys.argv[1:])
print(ChromaMemory(folder, embedder=MiniLmEmbedder(*files)).search("my sailing boat")[0].text)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), *map(str, minilm_files)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "The ketch is moored in the marina.", done.stderr


def test_processes_that_write_in_turn_lose_nothing(tmp_path, words):
    memory = ChromaMemory(tmp_path, embedder=words)
    memory.add("alpha", "here")
    add = "memory.add(''.join(f'{start} {n}\\n' for n in range(1200)), 'there')"
    other_process(tmp_path, "start = 'beta'\n" + add)
    assert memory.search("beta 7")[0].text == "beta 7\n"
    memory.add("".join(f"gamma {number}\n" for number in range(1200)), "here")
    other_process(tmp_path, "start = 'delta'\n" + add)
    assert memory.search("delta 1100")[0].text == "delta 1100\n"
    asked = ["alpha", "beta 3", "gamma 900", "delta 5"]
    found = other_process(tmp_path, f"print([memory.search(q)[0].text.strip() for q in {asked}], memory.count())")
    assert found == f"{asked} 3601"


def test_processes_that_write_at_once_lose_nothing(tmp_path, words):
    code = "for n in range(25): memory.add(f'{who} {n}', 'note')"
    threads = [
        threading.Thread(target=other_process, args=(tmp_path, f"who = '{who}'\n{code}")) for who in ("ann", "bob")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    memory = ChromaMemory(tmp_path, embedder=words)
    assert memory.count() == 50
    assert {memory.search(f"{who} 24", limit=1)[0].text for who in ("ann", "bob")} == {"ann 24", "bob 24"}


def test_a_store_that_is_written_for_long_is_read_meanwhile_and_names_the_server_to_a_writer(tmp_path, words):
    memory = ChromaMemory(tmp_path, embedder=words)
    memory.add("boat", "note")
    holder = sqlite3.connect(tmp_path / "memory.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert other_process(tmp_path, "print(memory.search('boat')[0].text, memory.count())") == "boat 1"
    started = time.monotonic()
    with pytest.raises(StorageError, match=r"more than 5 s; try again .* Chroma server .*AGENTX_CHROMA_URL"):
        memory.add("tax", "note")
    assert 4.5 < time.monotonic() - started < 15
    holder.execute("ROLLBACK")
    holder.close()
    memory.add("tax", "note")
    assert memory.count() == 2


def test_a_writer_waits_for_one_that_is_soon_done(tmp_path, words):
    memory = ChromaMemory(tmp_path, embedder=words)
    memory.add("boat", "note")
    other = Database(tmp_path)
    with other.writing():
        writer = threading.Thread(target=memory.add, args=("tax", "note"))
        writer.start()
        time.sleep(1)
        assert memory.count() == 1
    writer.join()
    assert memory.count() == 2


def test_a_corrupt_store_is_named_and_works_again_once_moved_away(tmp_path, words):
    folder = tmp_path / "memory"
    memory = ChromaMemory(folder, embedder=words)
    memory.add("boat", "note")
    memory.store.close()
    (folder / "memory.sqlite3").write_bytes(b"junk" * 5_000)
    for use in (lambda: memory.search("boat"), lambda: memory.add("tax", "note"), memory.count):
        with pytest.raises(StorageError, match=r"is damaged .*; move that folder away to begin a new one"):
            use()
    shutil.move(folder, tmp_path / "away")
    memory.add("boat", "note")
    assert memory.count() == 1


def test_a_file_that_is_another_database_is_not_touched(tmp_path, words):
    with sqlite3.connect(tmp_path / "memory.sqlite3") as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(StorageError, match="is no memory of AgentX; move it away"):
        ChromaMemory(tmp_path, embedder=words).add("boat", "note")


def test_a_folder_that_is_a_file_is_named(tmp_path, words):
    (tmp_path / "memory").write_text("")
    with pytest.raises(StorageError, match=r"memory cannot be written \(.*exists.*\); check"):
        ChromaMemory(tmp_path / "memory", embedder=words).add("boat", "note")


@pytest.fixture
def readable_by_all():
    """A folder that other users can reach, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("filled", [False, True])
def test_a_read_only_folder_gives_a_sentence(readable_by_all, words, filled):
    folder = readable_by_all / "memory"
    folder.mkdir()
    if filled:
        memory = ChromaMemory(folder, embedder=words)
        memory.add("boat", "note")
        memory.store.close()
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    said = other_process(
        folder,
        """
if os.geteuid() == 0:  # root may write anywhere
    os.setuid(65534)
try:
    memory.add("tax", "note")
except AgentXError as error:
    print(type(error).__name__, error)
""",
    )
    assert said.startswith(f"StorageError The memory in {folder} cannot be {'written' if not filled else 'read'} (")
    assert said.endswith("; check the folder's permissions and free space.")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


def test_a_full_disk_gives_a_sentence_and_what_was_stored_stays(tmp_path, words):
    memory = ChromaMemory(tmp_path, embedder=words)
    memory.add("boat", "note")
    memory.store.close()
    said = other_process(
        tmp_path,
        """
limit = os.path.getsize(memory.path / "memory.sqlite3") + 50_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    memory.add("".join(f"a long line about taxes, number {n}\\n" for n in range(2_000)), "note")
except AgentXError as error:
    print(type(error).__name__, error)
""",
    )
    assert said.startswith("StorageError The memory in ")
    assert "cannot be written" in said
    assert memory.search("boat", limit=1)[0].text == "boat"
    memory.add("tax", "note")
    assert memory.search("tax", limit=1)[0].text == "tax"


def test_folders_of_the_store_are_for_its_owner_alone(tmp_path, words):
    ChromaMemory(tmp_path / "memory", embedder=words).add("boat", "note")
    assert (tmp_path / "memory").stat().st_mode & 0o077 == 0
