import chromadb
import pytest
from agentx_memory.chroma import ChromaMemory
from chromadb.config import Settings

from agentx.errors import ConfigError, StorageError


@pytest.fixture
def old(tmp_path, words):
    """A store as the first AgentX wrote it: two short notes, and a long one in three pieces."""
    folder = tmp_path / "memory"
    client = chromadb.PersistentClient(folder, Settings(anonymized_telemetry=False))
    notes = client.create_collection("notes", metadata={"embedding": words.name, "schema": 1}, embedding_function=None)
    rows = [
        ("a1", "the boat", "session s1", "a1", 0, 1, False),
        ("a2", "the tax", "a form", "a2", 0, 1, True),
        ("a3-00001", "two\n", "note", "a3", 1, 3, False),
        ("a3-00000", "one\n", "note", "a3", 0, 3, False),
        ("a3-00002", "three\n", "note", "a3", 2, 3, False),
    ]
    notes.upsert(
        ids=[row[0] for row in rows],
        documents=[row[1] for row in rows],
        embeddings=words.embed([row[1] for row in rows]),
        metadatas=[
            {"source": row[2], "created": "2026-01-02T03:04:05+00:00", "text": row[3], "piece": row[4],
             "pieces": row[5], "untrusted": row[6]}
            for row in rows
        ],
    )  # fmt: skip
    client.close()
    (folder / "last_write").write_bytes(b"x")
    return folder


def test_what_was_remembered_before_is_found_and_the_old_files_go(old, words):
    memory = ChromaMemory(old, embedder=words)
    assert memory.count() == 5
    (hit,) = memory.search("tax the", limit=1)
    assert (hit.text, hit.source, hit.untrusted) == ("the tax", "a form", True)
    assert [chunk.text for chunk in memory.store.document("note a3")] == ["one\n", "two\n", "three\n"]
    boat = next(item for item in memory.store.sources() if item.key == "note a1")
    assert (boat.created, boat.session, boat.kind) == ("2026-01-02T03:04:05+00:00", "s1", "note")
    assert sorted(path.name for path in old.iterdir() if "sqlite3-" not in path.name) == ["lock", "memory.sqlite3"]


def test_bringing_over_twice_changes_nothing(old, words, tmp_path):
    copy = (old / "chroma.sqlite3").read_bytes()
    ChromaMemory(old, embedder=words).store.count()
    (old / "chroma.sqlite3").write_bytes(copy)  # as if it had died before the old files went
    memory = ChromaMemory(old, embedder=words)
    assert memory.count() == 5
    assert memory.search("boat the", limit=1)[0].text == "the boat"


def test_old_vectors_of_another_model_are_kept_and_told_of(old, words):
    memory = ChromaMemory(old, embedder=type(words)("letters"))
    assert memory.count() == 5
    with pytest.raises(ConfigError, match="agentx memory reindex"):
        memory.search("boat")


def test_an_old_store_that_cannot_be_read_stays(old, words):
    (old / "chroma.sqlite3").write_bytes(b"junk" * 5_000)
    with pytest.raises(StorageError, match="move that folder away"):
        ChromaMemory(old, embedder=words).count()
    assert (old / "chroma.sqlite3").exists()
