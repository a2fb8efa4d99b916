import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agentx_memory.chroma import ChromaMemory
from agentx_memory.chunks import Chunk, Document
from agentx_memory.forgetting import forget_chunk
from agentx_memory.server import ServerStore
from agentx_memory.store import Put, Where, open_store

from agentx.cli.root import run
from agentx.errors import ConfigError, StorageError


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--port", str(port)]
    environment = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as server,
    ):
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture
def store(url, words, request):
    name = "".join(letter for letter in request.node.name if letter.isalnum())[:60]
    return ServerStore(url, words.name, name)


@pytest.fixture
def put(words):
    def put(store, item):
        missing = store.missing(item)
        return store.put(item, dict(zip(missing, words.embed(list(missing.values())), strict=True)))

    return put


def document(source, *texts, kind="text", **members):
    chunks = tuple(Chunk(text, ("Head",), 10 * n + 1, 10 * n + 9) for n, text in enumerate(texts))
    return Document(source, kind, "|".join(texts), chunks, **members)


def found(store, scored):
    return [chunk.text for chunk in store.chunks([id for id, _ in scored])]


def test_an_address_opens_a_server_and_none_a_folder(monkeypatch, url):
    assert isinstance(open_store("words", url=url), ServerStore)
    monkeypatch.setenv("AGENTX_CHROMA_URL", url)
    assert isinstance(open_store("words"), ServerStore)
    assert not isinstance(open_store("words", url=""), ServerStore)


def test_a_chunk_comes_back_with_all_that_a_citation_needs(store, put, words):
    put(store, document("a.md", "the boat", "The Tax 4711", title="A", session="s1", untrusted=True))
    ((id, score),) = store.dense(words.embed(["tax the 4711"])[0], 1)
    assert score == pytest.approx(1.0, abs=1e-5)
    (chunk,) = store.chunks([id])
    assert (chunk.text, chunk.heading, chunk.place, chunk.page) == ("The Tax 4711", ("Head",), "a.md:11-19", None)
    assert (chunk.title, chunk.session, chunk.untrusted, chunk.position, chunk.count) == ("A", "s1", True, 1, 2)
    assert [item.text for item in store.neighbours(id)] == ["the boat"]
    assert [item.text for item in store.document("a.md")] == ["the boat", "The Tax 4711"]


def test_a_changed_document_replaces_its_chunks_and_the_same_costs_nothing(store, put):
    put(store, document("a.md", "one", "two", "three"))
    same = document("a.md", "one", "two", "three")
    assert store.missing(same) == {}
    assert store.put(same, {}) == Put(kept=3)
    assert store.holds("a.md", same.digest)
    assert put(store, document("a.md", "zero", "one", "three")) == Put(added=1, kept=2, removed=1)
    assert [chunk.text for chunk in store.document("a.md")] == ["zero", "one", "three"]
    assert store.count() == 3
    assert not store.holds("a.md", same.digest)


def test_a_text_that_now_stands_twice_needs_no_vector(store, put):
    put(store, document("a.md", "same"))
    assert put(store, document("a.md", "same", "same")) == Put(added=1, kept=1)
    assert store.count() == 2


def test_a_client_that_died_on_the_way_is_put_right(store, put):
    put(store, document("a.md", "one", "two"))
    half = document("a.md", "one", "three", "four")
    missing = store.missing(half)
    with store._server.writing() as collection:  # what `put` does first, before it was killed
        from agentx_memory.records import records, searched_text

        id, about = list(records(half).items())[1]
        collection.upsert(ids=[id], embeddings=[[0.1] * 64], documents=[searched_text(about)], metadatas=[about])
    assert not store.holds("a.md", half.digest)
    assert len(store.missing(half)) == len(missing) - 1
    put(store, half)
    assert [chunk.text for chunk in store.document("a.md")] == ["one", "three", "four"]


def test_words_are_found_by_every_client(store, put, url, words):
    put(store, document("a.md", "The Boats lie in the harbour", "the tax is due", "a boat of 4711 euros"))
    other = ServerStore(url, words.name, store.collection)
    assert found(other, other.lexical("Which boats cost 4711?", 5))[0] == "a boat of 4711 euros"
    assert sorted(found(other, other.lexical("BOAT", 5))) == ["The Boats lie in the harbour", "a boat of 4711 euros"]
    assert len(other.lexical("head", 5)) == 3
    assert other.lexical("gold", 5) == []


def test_filters_narrow_both_searches(store, put, words):
    put(store, document("docs/a.md", "boat a", kind="markdown", created="2026-01-01"))
    put(store, document("docs/[b].py", "boat b", kind="code", created="2026-02-01"))
    put(store, document("session s1", "boat c", kind="note", created="2026-03-01", session="s1", key="note c"))
    cases = {
        Where(sources=("docs/*",)): ["boat a", "boat b"],
        Where(sources=("*/[b].*",)): ["boat b"],
        Where(sources=("note c", "docs/a.md")): ["boat a", "boat c"],
        Where(kinds=("code", "note")): ["boat b", "boat c"],
        Where(sessions=("s1",)): ["boat c"],
        Where(since="2026-02-01", until="2026-03-01", kinds=("code",)): ["boat b"],
        Where(sources=("none",)): [],
    }
    for where, texts in cases.items():
        assert sorted(found(store, store.dense(words.embed(["boat"])[0], 9, where))) == texts
        assert sorted(found(store, store.lexical("boat", 9, where))) == texts
        assert len(store.sources(where)) == len(texts)
    assert store.remove("docs/a.md") == 1
    assert store.remove("session s1") == 0
    assert store.remove("note c") == 1
    assert store.count() == 1


def test_a_collection_that_is_not_there_is_empty(store, words):
    assert store.count() == 0 and store.sources() == [] and store.remove("a") == 0 and store.lexical("x", 1) == []
    assert store.dense(words.embed(["x"])[0], 1) == []


def test_vectors_of_two_models_never_mix(store, put, url, words):
    put(store, document("a.md", "boat"))
    other = ServerStore(url, "letters", store.collection)
    with pytest.raises(ConfigError, match="model words, not letters, .* `agentx memory reindex`"):
        other.dense(words.embed(["boat"])[0], 1)
    with pytest.raises(ConfigError, match="vectors of two models"):
        other.put(document("b.md", "tax"), words.embed(["tax"]))


def test_another_model_is_found_after_a_reindex(store, put, url, words):
    put(store, document("a.md", "boat", "tax"))
    letters = type(words)("letters")
    other = ServerStore(url, letters.name, store.collection)
    assert (store.stored_model(), other.reindex(letters.embed)) == ("words", 2)
    assert other.stored_model() == "letters"
    assert found(other, other.dense(letters.embed(["tax"])[0], 1)) == ["tax"]
    assert other.reindex(letters.embed) == 0
    with pytest.raises(ConfigError, match="model letters, not words"):
        store.dense(words.embed(["tax"])[0], 1)


class Interrupted(Exception):
    pass


def interrupted(store, embed):
    """Of a reindex that makes the vectors of all that there is, and is stopped before they are put in place."""

    def stop(done, total):
        raise Interrupted

    with pytest.raises(Interrupted):
        store.reindex(embed, stop)


def test_what_is_forgotten_or_changed_while_a_reindex_is_interrupted_stays_so(store, put, url, words):
    put(store, document("a.md", "one", "two"))
    put(store, document("b.md", "secret"))
    letters = type(words)("letters")
    other = ServerStore(url, letters.name, store.collection)
    interrupted(other, letters.embed)
    assert store.stored_model() == "words"
    store.remove("b.md")
    changed = document("a.md", "zero", "one", title="New")
    put(store, changed)
    assert other.reindex(letters.embed) == 1
    assert [item.key for item in other.sources()] == ["a.md"]
    assert [(chunk.text, chunk.position, chunk.title) for chunk in other.document("a.md")] == [
        ("zero", 0, "New"),
        ("one", 1, "New"),
    ]
    assert other.holds("a.md", changed.digest)
    assert found(other, other.dense(letters.embed(["zero"])[0], 1)) == ["zero"]


def test_what_is_forgotten_stays_in_no_vectors_that_are_half_made(store, put, url, words):
    put(store, document("a.md", "boat"))
    put(store, document("b.md", "secret"))
    interrupted(ServerStore(url, "letters", store.collection), words.embed)
    with store._server.half_made() as (_, beside):
        assert beside.count() == 2
        store.remove("b.md")
        store.compact()
        assert beside.get()["documents"] == ["head\nboat"]


def test_an_interrupted_reindex_stands_in_the_way_of_none_to_another_model(store, put, url, words):
    put(store, document("a.md", "boat", "tax"))
    interrupted(ServerStore(url, "letters", store.collection), words.embed)
    third = ServerStore(url, "third", store.collection)
    assert third.reindex(words.embed) == 2
    assert (third.stored_model(), third.count()) == ("third", 2)


def test_an_interrupted_reindex_is_dropped_where_the_old_model_is_taken_again(store, put, url, words):
    put(store, document("a.md", "boat", "tax"))
    interrupted(other := ServerStore(url, "letters", store.collection), words.embed)
    assert store.reindex(words.embed) == 0
    with store._server.half_made() as (_, beside):
        assert beside is None
    assert other.reindex(words.embed) == 2


def test_vectors_that_were_not_put_in_place_are_put_there_by_the_next_use(store, put, url, words):
    put(store, document("a.md", "boat", "tax"))
    other = ServerStore(url, "letters", store.collection)
    interrupted(other, words.embed)
    with other._server.reading():
        other._server._client.delete_collection(store.collection)  # after which the process was killed
    put(other, document("b.md", "gold"))
    assert (other.stored_model(), other.count()) == ("letters", 3)
    assert other.collections()[store.collection] == 3


def test_names_that_a_reindex_needs_are_refused(store, put, url, words):
    with pytest.raises(ConfigError, match=r"a name with `.next` at its end .*; take another one"):
        ServerStore(url, words.name, "papers.next")
    put(store, document("a.md", "boat"))
    with store._server.reading():
        theirs = store._server._client.create_collection(f"{store.collection}.next", embedding_function=None)
    theirs.add(ids=["1"], embeddings=[[0.1] * 3])
    with pytest.raises(ConfigError, match=r"\.next` on .* is none of AgentX.s"):
        ServerStore(url, "letters", store.collection).reindex(words.embed)
    assert theirs.count() == 1


def test_the_command_uses_the_server_that_the_environment_names(
    url, words, monkeypatch, capsys, tmp_path, minilm_files
):
    monkeypatch.setenv("AGENTX_CHROMA_URL", url)
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "boats.md").write_text("# Boats\n\nThe ketch is moored in Flensburg.\n")
    assert run(["memory", "add", str(tmp_path / "boats.md"), "-c", "shared"]) == 0
    capsys.readouterr()
    assert run(["memory", "search", "Which ketch is moored?", "-c", "shared"]) == 0
    # By the processor: products are made in int8 or in fp32.
    assert re.search(r"1st in meaning \(similarity 0\.7[45]\), 1st by its words", capsys.readouterr().out)
    assert run(["memory", "stats", "-c", "shared", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["place"], told["chunks"]) == (url, 1)
    assert run(["memory", "rm", str(tmp_path / "boats.md"), "-c", "shared"]) == 0
    assert not (tmp_path / "data").exists()


ADDING = """
import runpy, sys
from agentx_memory.chroma import ChromaMemory
words = runpy.run_path(sys.argv[1])["WordEmbedder"]()
memory = ChromaMemory(collection="crowd", embedder=words, url=sys.argv[2])
for number in range(40):
    memory.add(f"{sys.argv[3]} note {number}\\n{sys.argv[3]} more {number}\\n", sys.argv[3])
"""


def test_two_processes_that_add_at_once_lose_nothing(url, words):
    conftest = str(Path(__file__).parent / "conftest.py")
    running = [subprocess.Popen([sys.executable, "-c", ADDING, conftest, url, who]) for who in ("ann", "bob")]
    assert [process.wait(120) for process in running] == [0, 0]
    memory = ChromaMemory(collection="crowd", embedder=words, url=url)
    assert memory.count() == 160
    assert {item.text for who in ("ann", "bob") for item in memory.store.document(who)} == {
        f"{who} {what} {number}\n" for who in ("ann", "bob") for what in ("note", "more") for number in range(40)
    }
    for who in ("ann", "bob"):
        assert memory.search(f"{who} note 39", limit=1)[0].text == f"{who} note 39\n"


def test_a_server_that_does_not_answer_is_named(words):
    store = ServerStore("http://localhost:9", words.name, "notes")
    with pytest.raises(StorageError, match=r"server at http://localhost:9 .*unset AGENTX_CHROMA_URL"):
        store.count()


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://host", "http://", "http://host:port", "http://host/path"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ConfigError, match="address of a Chroma server"):
        ServerStore(address, "words", "notes")


def test_collections_are_counted_and_a_chunk_is_forgotten(store, put):
    assert store.collection not in store.collections()
    put(store, document("a.md", "one", "two", "three", created="2026-01-02"))
    assert store.collections()[store.collection] == 3
    two = next(chunk for chunk in store.document("a.md") if chunk.text == "two")
    forget_chunk(store, two.id)
    assert [(chunk.text, chunk.created) for chunk in store.document("a.md")] == [
        ("one", "2026-01-02"),
        ("three", "2026-01-02"),
    ]
    assert store.collections()[store.collection] == 2
