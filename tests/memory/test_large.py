import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from agentx_memory.chunks import Chunk, Document
from agentx_memory.client import client_folder
from agentx_memory.local import LocalStore
from agentx_memory.store import Where

COUNT = 1_500


@pytest.fixture
def rows():
    """Vectors that lie as those of texts do: of far fewer dimensions than they have."""
    random = np.random.default_rng(7)
    mix = random.standard_normal((32, 384)).astype(np.float32)
    made = random.standard_normal((COUNT + 60, 32)).astype(np.float32) @ mix
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def put(store, rows, numbers, source):
    numbers = list(numbers)
    chunks = tuple(Chunk(str(number)) for number in numbers)
    store.put(Document(source, "text", f"{numbers}", chunks), rows[numbers])


def texts(store, scored):
    return [chunk.text for chunk in store.chunks([id for id, _ in scored])]


@pytest.fixture
def large(tmp_path, rows):
    store = LocalStore(tmp_path, "table", exact_limit=100)
    for start in range(0, COUNT, 500):
        put(store, rows, range(start, start + 500), f"{start}.md")
    seen = []
    store.follow(lambda done, total: seen.append((done, total)))
    assert seen == [(500, COUNT), (1_000, COUNT), (1_500, COUNT)]
    return store


def agreement(store, other, rows, queries):
    found = sum(
        len({*texts(store, store.dense(rows[n], 10))} & {*texts(other, other.dense(rows[n], 10))}) for n in queries
    )
    return found / (10 * len(queries))


def test_beyond_the_exact_limit_chroma_finds_what_comparing_finds(large, tmp_path, rows):
    exact = LocalStore(tmp_path, "table")
    queries = range(COUNT, COUNT + 50)
    assert agreement(large, exact, rows, queries) >= 0.99
    assert large._nearest._matrix._index is None
    for (_, one), (_, other) in zip(large.dense(rows[COUNT], 5), exact.dense(rows[COUNT], 5), strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_what_came_and_went_since_is_found_and_not_found(large, tmp_path, rows):
    put(large, rows, range(COUNT, COUNT + 50), "new.md")
    large.remove("500.md")
    put(large, rows, [*range(490), 1_550], "0.md")
    exact = LocalStore(tmp_path, "table")
    for number in (3, 600, COUNT + 7, 1_550):
        assert texts(large, large.dense(rows[number], 5)) == texts(exact, exact.dense(rows[number], 5))
    large.follow()
    assert large._nearest._matrix._index is not None  # too much had gone for the index to be asked
    again = LocalStore(tmp_path, "table", exact_limit=100)
    assert agreement(again, exact, rows, range(COUNT, COUNT + 60)) >= 0.99
    assert again._nearest._matrix._index is None
    assert json.loads((tmp_path / "ann" / "space-1.json").read_text())["rows"] == again.count() == 1_041


def test_a_lost_or_stale_index_is_made_anew(large, tmp_path, rows):
    marks = (tmp_path / "ann" / "space-1.json").read_text()
    large.close()
    saved = tmp_path / "saved"
    saved.mkdir()
    for path in tmp_path.glob("memory.sqlite3*"):
        shutil.copy(path, saved)
    put(large, rows, range(COUNT, COUNT + 50), "new.md")
    large.follow()
    large.close()
    for path in saved.iterdir():  # someone puts an older file back, and other chunks take the ids of the lost ones
        shutil.copy(path, tmp_path)
    store = LocalStore(tmp_path, "table", exact_limit=100)
    put(store, rows, range(COUNT + 50, COUNT + 60), "other.md")
    store.follow()
    exact = LocalStore(tmp_path, "table")
    assert agreement(store, exact, rows, range(COUNT, COUNT + 60)) >= 0.99
    assert json.loads((tmp_path / "ann" / "space-1.json").read_text()) != json.loads(marks)
    assert texts(store, store.dense(rows[COUNT + 55], 1)) == [str(COUNT + 55)]


def test_a_filtered_search_compares_all_that_it_may_find(large, rows):
    found = texts(large, large.dense(rows[COUNT], 10, Where(sources=("500.md",))))
    assert len(found) == 10 and all(500 <= int(text) < 1_000 for text in found)


def test_below_the_limit_no_index_is_made(tmp_path, rows):
    store = LocalStore(tmp_path, "table")
    put(store, rows, range(300), "a.md")
    store.follow()
    assert not (tmp_path / "ann").exists()


def test_a_damaged_index_costs_time_and_no_answer(large, tmp_path, rows):
    client_folder(tmp_path / "ann").close()
    for path in (tmp_path / "ann").rglob("*"):
        if path.is_file() and path.suffix != ".json":
            path.write_bytes(b"junk" * 1_000)
    exact = LocalStore(tmp_path, "table")
    assert large.dense(rows[COUNT], 5) == exact.dense(rows[COUNT], 5)


@pytest.mark.parametrize("damage", ["all", "database", "graph", "graph lost", "graph cut"])
def test_a_damaged_index_is_made_anew_when_more_is_added(large, tmp_path, rows, damage):
    client_folder(tmp_path / "ann").close()
    large.close()
    for path in [path for path in (tmp_path / "ann").rglob("*") if path.is_file() and path.suffix != ".json"]:
        is_graph = path.suffix in (".bin", ".pickle")
        if damage == "all" or (damage == "database" and "sqlite3" in path.name) or (damage == "graph" and is_graph):
            path.write_bytes(b"junk" * 1_000)
        elif damage == "graph lost" and is_graph:
            path.unlink()
        elif damage == "graph cut" and path.suffix == ".bin":
            path.write_bytes(path.read_bytes()[:1_000])
    # As a process that begins now sees it.
    code = OTHER + "print(store._nearest._matrix._index is None and len(store.dense(rows[3], 1)))"
    np.save(tmp_path / "rows.npy", rows)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(COUNT)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    again = LocalStore(tmp_path, "table", exact_limit=100)
    assert agreement(again, LocalStore(tmp_path, "table"), rows, range(COUNT, COUNT + 60)) >= 0.99
    assert again._nearest._matrix._index is None


OTHER = """
import sys
from pathlib import Path
import numpy as np
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore
folder, count = Path(sys.argv[1]), int(sys.argv[2])
rows = np.load(folder / "rows.npy")
store = LocalStore(folder, "table", exact_limit=100)
chunks = tuple(Chunk(str(number)) for number in range(count, count + 50))
store.put(Document("other.md", "text", "other", chunks), rows[count : count + 50])
store.follow()
"""


def test_what_another_process_put_into_the_index_is_found_here(large, tmp_path, rows):
    assert len(large.dense(rows[COUNT], 1)) == 1  # its client is open now
    np.save(tmp_path / "rows.npy", rows)
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(tmp_path), str(COUNT)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert texts(large, large.dense(rows[COUNT + 7], 1)) == [str(COUNT + 7)]
    assert large._nearest._tail._index is None and large._nearest._matrix._index is None
    put(large, rows, range(COUNT + 50, COUNT + 60), "mine.md")
    large.follow()
    again = LocalStore(tmp_path, "table", exact_limit=100)
    assert texts(again, again.dense(rows[COUNT + 8], 1)) == [str(COUNT + 8)]
    assert json.loads((tmp_path / "ann" / "space-1.json").read_text())["rows"] == COUNT + 60


@pytest.mark.parametrize("damaged", [False, True])
def test_the_index_of_what_has_become_small_goes(large, tmp_path, rows, damaged):
    put(large, rows, range(COUNT, COUNT + 50), "new.md")
    if damaged:
        client_folder(tmp_path / "ann").close()
        (tmp_path / "ann" / "chroma.sqlite3").write_bytes(b"junk" * 999)
    for start in range(0, COUNT, 500):
        large.remove(f"{start}.md")
    large.compact()
    assert not list((tmp_path / "ann").glob("*.json"))
    left = b"".join(path.read_bytes() for path in (tmp_path / "ann").rglob("*") if path.is_file())
    assert rows[700].tobytes() not in left
    assert texts(large, large.dense(rows[COUNT + 7], 1)) == [str(COUNT + 7)]
