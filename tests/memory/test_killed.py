import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore

WORKER = """
import runpy, sys
from pathlib import Path
helpers = runpy.run_path(sys.argv[1])
store = helpers["LocalStore"](Path(sys.argv[2]), "words", "notes")
words = runpy.run_path(str(Path(sys.argv[1]).with_name("conftest.py")))["WordEmbedder"]()
print("ready", flush=True)
for version in range(1000):
    for _ in helpers["add_documents"](store, words, helpers["documents"](version)):
        pass
"""


def documents(version):
    """Fifty documents, half of whose chunks change with the version."""
    for number in range(50):
        texts = [f"doc {number} line {line} {version if line % 2 else ''}" for line in range(12)]
        chunks = tuple(Chunk(text, first_line=line, last_line=line) for line, text in enumerate(texts, 1))
        yield Document(f"{number}.md", "text", f"{number} in version {version}", chunks)


def check(folder):
    """Nothing is half there: each document has its chunks, each chunk its vector and its words."""
    store = LocalStore(folder, "words", "notes")
    with store.database.writing() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        chunks, vectors = (
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("chunks", "vectors")
        )
        assert chunks == vectors == store.count()
    for item in store.sources():
        held = store.document(item.key)
        assert [chunk.position for chunk in held] == list(range(12)) and item.chunks == 12
        version = item.digest.split()[-1]
        assert all(chunk.text.split()[4:] == ([version] if chunk.position % 2 else []) for chunk in held)
    store.close()


def kill_at(folder, delay_s):
    worker = subprocess.Popen([sys.executable, "-c", WORKER, __file__, str(folder)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    worker.stdout.readline()
    time.sleep(delay_s)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()


@pytest.mark.parametrize("points", [10, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_a_store_that_was_killed_at_any_point_opens_whole_and_a_second_add_completes_it(tmp_path, words, points):
    luck = random.Random(int(os.environ.get("SEED", "4")))
    for _ in range(points):
        kill_at(tmp_path, luck.uniform(0, 0.8))
        check(tmp_path)
    store = LocalStore(tmp_path, "words", "notes")
    assert len(list(add_documents(store, words, documents(-1)))) == 50
    store.close()
    check(tmp_path)
    assert len(store.sources()) == 50
    assert all(not store.missing(item) for item in documents(-1))
    assert Path(tmp_path / "memory.sqlite3").exists()
