import numpy as np
import pytest
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore
from agentx_memory.store import Put, Where, key_of

from agentx.errors import ConfigError, StorageError


def document(source, *texts, digest=None, **members):
    chunks = tuple(Chunk(text, ("Head",), 10 * n + 1, 10 * n + 9) for n, text in enumerate(texts))
    return Document(source, members.pop("kind", "text"), digest or "|".join(texts), chunks, **members)


@pytest.fixture(params=["folder", "in memory"])
def store(request, tmp_path, words):
    return LocalStore(tmp_path / "memory" if request.param == "folder" else None, words.name, "notes")


@pytest.fixture
def put(words):
    def put(store, item):
        missing = store.missing(item)
        return store.put(item, dict(zip(missing, words.embed(list(missing.values())), strict=True)))

    return put


def found(store, scored):
    return [chunk.text for chunk in store.chunks([id for id, _ in scored])]


def nearest(store, words, query, limit=3, where=Where()):  # noqa: B008
    return found(store, store.dense(words.embed([query])[0], limit, where))


def test_a_chunk_comes_back_with_all_that_a_citation_needs(store, put, words):
    item = document("a.md", "the boat", "the tax", kind="markdown", title="A", session="s1", created="2026-01-02")
    assert put(store, item) == Put(added=2)
    ((id, score),) = store.dense(words.embed(["tax the"])[0], 1)
    assert score == pytest.approx(1.0, abs=1e-5)
    (chunk,) = store.chunks([id])
    assert (chunk.text, chunk.heading, chunk.first_line, chunk.last_line) == ("the tax", ("Head",), 11, 19)
    assert (chunk.source, chunk.kind, chunk.title, chunk.session) == ("a.md", "markdown", "A", "s1")
    assert (chunk.created, chunk.position, chunk.count, chunk.untrusted) == ("2026-01-02", 1, 2, False)
    assert chunk.place == "a.md:11-19"


def test_the_same_digest_costs_nothing(store, put):
    item = document("a.md", "the boat")
    put(store, item)
    assert store.missing(item) == {}
    assert store.put(item, {}) == Put(kept=1)


def test_a_changed_document_keeps_the_chunks_that_did_not_change(store, put, words):
    put(store, document("a.md", "one", "two", "three"))
    before = {chunk.text: chunk.id for chunk in store.document("a.md")}
    changed = document("a.md", "zero", "one", "three")
    assert list(store.missing(changed).values()) == ["zero"]
    assert put(store, changed) == Put(added=1, kept=2, removed=1)
    after = {chunk.text: chunk.id for chunk in store.document("a.md")}
    assert list(after) == ["zero", "one", "three"]
    assert (after["one"], after["three"]) == (before["one"], before["three"])
    assert nearest(store, words, "two") != ["two"]
    assert store.lexical("two", 5) == []
    assert store.count() == 3


def test_equal_chunks_of_two_documents_share_what_was_embedded(store, put, words):
    put(store, document("a.md", "the licence"))
    other = document("b.md", "the licence")
    assert store.missing(other) == {}
    assert put(store, other) == Put(added=1)
    assert store.count() == 2
    assert len(nearest(store, words, "licence the")) == 2


def test_a_text_that_occurs_twice_in_a_document_is_stored_twice(store, put):
    put(store, document("a.md", "same", "other", "same"))
    assert put(store, document("a.md", "same", "same", digest="new")) == Put(added=0, kept=2, removed=1)
    assert [chunk.position for chunk in store.document("a.md")] == [0, 1]


def test_a_vector_that_is_lacking_stores_nothing(store, put, words):
    put(store, document("a.md", "one"))
    with pytest.raises(KeyError):
        store.put(document("a.md", "two", "three", digest="new"), {"other": words.embed(["x"])[0]})
    assert [chunk.text for chunk in store.document("a.md")] == ["one"]


def test_vectors_may_come_as_one_row_a_chunk(store, words):
    store.put(document("a.md", "one", "two"), words.embed(["one", "two"]))
    assert nearest(store, words, "two", 1) == ["two"]


def test_what_was_removed_is_found_no_more(store, put, words):
    put(store, document("a.md", "boat one"))
    put(store, document("b.md", "boat two"))
    assert len(nearest(store, words, "boat")) == 2
    assert store.remove("a.md") == 1
    assert store.remove("a.md") == 0
    assert nearest(store, words, "boat") == ["boat two"]
    assert found(store, store.lexical("boat", 5)) == ["boat two"]
    assert [item.source for item in store.sources()] == ["b.md"]


def test_notes_of_one_source_are_documents_of_their_own(store, put):
    for text in ("one", "two"):
        put(store, document("session s1", text, key=f"note {text}"))
    assert len(store.sources()) == 2
    assert store.remove("session s1") == 0
    assert store.remove("note one") == 1
    assert [item.key for item in store.sources()] == ["note two"]


def test_a_note_that_names_a_file_stays_when_the_file_goes(store, put):
    put(store, document("/a.md", "the file"))
    put(store, document("/a.md", "the note", kind="note", key="note 1"))
    assert store.remove("/a.md") == 1
    assert [item.key for item in store.sources()] == ["note 1"]


def test_lexical_search_finds_the_rare_word_first_and_stems(store, put):
    put(store, document("a.md", "the boats lie in the harbour", "the tax is due", "a boat of 4711 euros"))
    assert found(store, store.lexical("Which boat costs 4711?", 5))[0] == "a boat of 4711 euros"
    assert "the boats lie in the harbour" in found(store, store.lexical("boat", 5))
    scores = [score for _, score in store.lexical("boat 4711", 5)]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[1]


@pytest.mark.parametrize("query", ['"', "a AND OR NOT NEAR(", "*", "^x", "", "text:", "日本", "\x00", "🚤"])
def test_no_query_is_a_syntax_error(store, put, query):
    put(store, document("a.md", "the boat"))
    assert store.lexical(query, 5) == []


def test_a_query_of_common_words_alone_still_searches(store, put):
    put(store, document("a.md", "to be or not to be"))
    assert len(store.lexical("to be or not to be", 5)) == 1


def test_headings_are_searched_too(store, put):
    put(store, document("a.md", "text"))
    assert len(store.lexical("head", 5)) == 1


def test_filters_narrow_both_searches(store, put, words):
    put(store, document("docs/a.md", "boat a", kind="markdown", created="2026-01-01"))
    put(store, document("docs/[b].py", "boat b", kind="code", created="2026-02-01"))
    put(store, document("session s1", "boat c", kind="note", created="2026-03-01", session="s1", key="note c"))
    cases = {
        Where(sources=("docs/a.md",)): ["boat a"],
        Where(sources=("docs/*",)): ["boat a", "boat b"],
        Where(sources=("*/[b].*",)): ["boat b"],
        Where(sources=("note c", "docs/a.md")): ["boat a", "boat c"],
        Where(kinds=("code", "note")): ["boat b", "boat c"],
        Where(sessions=("s1",)): ["boat c"],
        Where(since="2026-02-01", until="2026-03-01"): ["boat b"],
        Where(kinds=("pdf",)): [],
    }
    for where, texts in cases.items():
        assert sorted(nearest(store, words, "boat", 9, where)) == texts
        assert sorted(found(store, store.lexical("boat", 9, where))) == texts
        assert len(store.sources(where)) == len(texts)


def test_collections_of_a_folder_do_not_mix(tmp_path, words, put):
    one, other = (LocalStore(tmp_path, words.name, name) for name in ("one", "other"))
    put(one, document("a.md", "boat one"))
    put(other, document("a.md", "boat other"))
    for store, text in ((one, "boat one"), (other, "boat other")):
        assert nearest(store, words, "boat") == [text]
        assert found(store, store.lexical("boat", 5)) == [text]
        assert store.count() == 1
    (id, _), *_ = one.lexical("boat", 1)
    assert other.chunks([id]) == []


def test_neighbours_stand_before_and_after(store, put):
    put(store, document("a.md", *"abcde"))
    put(store, document("b.md", "x"))
    ids = [chunk.id for chunk in store.document("a.md")]
    assert [chunk.text for chunk in store.neighbours(ids[2])] == ["b", "d"]
    assert [chunk.text for chunk in store.neighbours(ids[0], before=2, after=2)] == ["b", "c"]
    for id in ("no such id", "9" * 20, "9" * 5_000):
        assert store.neighbours(id) == [] and store.chunks([id]) == []


def test_a_store_that_is_not_there_is_empty_and_stays_so(tmp_path, words):
    store = LocalStore(tmp_path / "none", words.name, "notes")
    assert not store.exists
    assert store.count() == 0 and store.sources() == [] and store.remove("a") == 0
    assert store.dense(words.embed(["x"])[0], 3) == [] and store.lexical("x", 3) == []
    assert list(store.missing(document("a.md", "x"))) == [key_of(document("a.md", "x").chunks[0])]
    assert list(tmp_path.iterdir()) == []


def test_vectors_of_two_models_never_mix(tmp_path, words, put):
    put(LocalStore(tmp_path, words.name, "notes"), document("a.md", "boat"))
    other = LocalStore(tmp_path, "letters", "notes")
    for use in (
        lambda: other.missing(document("b.md", "tax")),
        lambda: other.put(document("b.md", "tax"), words.embed(["tax"])),
        lambda: other.dense(words.embed(["tax"])[0], 1),
    ):
        with pytest.raises(ConfigError, match="model words, not letters, .* `agentx memory reindex`"):
            use()
    assert other.count() == 1
    assert len(other.lexical("boat", 1)) == 1


def test_the_index_follows_thousands_of_changes_of_another_store(tmp_path, words):
    one, other = (LocalStore(tmp_path, "random", "notes") for _ in range(2))
    random = np.random.default_rng(3)
    held = {}
    for step in range(60):
        texts = [f"{step} {n}" for n in range(int(random.integers(1, 30)))]
        rows = random.standard_normal((len(texts), 16)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        source = f"{step % 7}.md"
        one.put(document(source, *texts), rows)
        held[source] = dict(zip(texts, rows, strict=True))
        if step % 5 == 0:
            gone = f"{int(random.integers(7))}.md"
            one.remove(gone)
            held.pop(gone, None)
        every = [(text, row) for part in held.values() for text, row in part.items()]
        query = random.standard_normal(16).astype(np.float32)
        query /= np.linalg.norm(query)
        best = max(every, key=lambda item: float(item[1] @ query), default=None)
        for store in (one, other):
            assert found(store, store.dense(query, 1)) == ([best[0]] if best else [])
    assert len(other._nearest._matrix._index) == one.count()


def test_a_file_of_a_newer_version_is_refused(tmp_path, words, put):
    store = LocalStore(tmp_path, words.name, "notes")
    put(store, document("a.md", "boat"))
    with store.database.writing() as connection:
        connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StorageError, match="newer AgentX .* update AgentX"):
        store.count()


@pytest.mark.parametrize("name", ["", "ab", "no spaces", "../up"])
def test_a_collection_needs_a_name_that_chroma_takes(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot name a collection"):
        LocalStore(tmp_path, "words", name)


def test_the_index_of_words_is_joined_after_much_was_put_and_finds_what_it_found(store, put):
    def pieces():
        with store.database.reading() as connection:
            return connection.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0]

    for number in range(40):
        put(store, document(f"{number}.txt", f"boat number {number}"))
    assert pieces() > 1
    before = found(store, store.lexical("boat", 50))
    store.follow()
    assert pieces() == 1
    assert found(store, store.lexical("boat", 50)) == before
    assert len(before) == 40
    with store.database.writing() as connection:
        changes = connection.total_changes
    store.follow()
    with store.database.writing() as connection:
        assert connection.total_changes == changes
