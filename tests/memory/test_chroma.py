import threading

import numpy as np
import pytest
from agentx_memory.chroma import ChromaMemory

from agentx.errors import ConfigError, UsageError
from agentx.memory import Memory, MemoryHit


@pytest.fixture
def memory(tmp_path, words):
    return ChromaMemory(tmp_path / "memory", embedder=words)


def test_a_text_is_found_with_its_source_and_score(memory):
    id = memory.add("the boat lies in Flensburg", "a letter")
    memory.add("the tax is due", "a form")
    (hit,) = memory.search("boat lies in Flensburg the", limit=1)
    (chunk,) = memory.store.document(id)
    score = pytest.approx(1.0, abs=1e-5)
    assert hit == MemoryHit(chunk.id, "the boat lies in Flensburg", "a letter", score, False, "a letter")
    assert hit.score <= 1.0


def test_hits_come_best_first(memory):
    for text in ("one", "one two", "one two three", "four"):
        memory.add(text, "note")
    hits = memory.search("one two three")
    assert [hit.text for hit in hits] == ["one two three", "one two", "one", "four"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_same_text_twice_is_stored_once_and_keeps_its_first_source(memory):
    assert memory.add("the boat", "first") == memory.add("the boat", "second")
    assert memory.count() == 1
    assert memory.search("boat")[0].source == "first"


def test_a_long_text_is_stored_in_pieces(memory):
    id = memory.add("the boat\nthe tax\nthe king\n", "note")
    assert memory.count() == 3
    (hit,) = memory.search("tax the", limit=1)
    assert hit.text == "the tax\n"
    assert [chunk.text for chunk in memory.store.document(id)] == ["the boat\n", "the tax\n", "the king\n"]


@pytest.mark.parametrize("text", ["Grüße aus Köln, naïve café", "日本語のメモ", "🚤 \u202e مرحبا", "a\x00b"])
def test_any_language_comes_back_as_it_was(memory, text):
    memory.add(text, "Quelle: ñ")
    (hit,) = memory.search(text)
    assert (hit.text, hit.source) == (text, "Quelle: ñ")


def test_half_a_surrogate_pair_is_stored_as_a_question_mark(memory):
    memory.add("boat \ud83d", "note")
    assert memory.search("boat")[0].text == "boat ?"


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_an_empty_text_is_refused(memory, text):
    with pytest.raises(UsageError, match="must not be empty"):
        memory.add(text, "note")
    with pytest.raises(UsageError, match="must not be empty"):
        memory.search(text)


def test_looking_into_a_memory_that_is_not_there_makes_none(memory, tmp_path):
    assert memory.count() == 0
    assert list(memory.search("boat")) == []
    assert list(tmp_path.iterdir()) == []


def test_the_default_folder_lies_in_the_data_folder(words, data_folder):
    ChromaMemory(embedder=words).add("boat", "note")
    assert (data_folder / "memory" / "memory.sqlite3").exists()


def test_a_limit_beyond_the_count_gives_all_and_one_below_one_none(memory):
    memory.add("boat", "note")
    assert len(memory.search("boat", limit=50)) == 1
    assert len(memory.search("boat", limit=0)) == 0


def test_collections_of_a_folder_do_not_mix(tmp_path, words):
    ChromaMemory(tmp_path, "first", words).add("boat", "note")
    other = ChromaMemory(tmp_path, "other", words)
    assert other.count() == 0
    assert list(other.search("boat")) == []


def test_a_collection_of_another_embedding_model_is_refused(tmp_path, words):
    ChromaMemory(tmp_path, embedder=words).add("boat", "note")
    other = ChromaMemory(tmp_path, embedder=type(words)("letters"))
    for use in (lambda: other.add("tax", "note"), lambda: other.search("boat")):
        with pytest.raises(ConfigError, match="made with the embedding model words, not letters"):
            use()


@pytest.mark.parametrize("name", ["", "ab", "no spaces", "../up"])
def test_a_collection_needs_a_name_that_chroma_takes(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot name a collection"):
        ChromaMemory(tmp_path, name)


def test_threads_add_and_search_at_once(memory):
    failures = []

    def work(who):
        try:
            for number in range(10):
                memory.add(f"{who} note {number}", who)
                memory.search(f"{who} note")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(who,)) for who in ("ann", "bob", "cleo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert memory.count() == 30


def test_one_text_among_many_equal_vectors_is_found(tmp_path, table):
    rows = np.eye(2, 384, dtype=np.float32)
    memory = ChromaMemory(tmp_path, embedder=table(rows))
    memory.add("0\n" * 300 + "1\n" + "0\n" * 300, "note")
    assert memory.search("1", limit=1)[0].text == "1\n"


def test_a_text_added_after_a_search_is_found_by_the_next(memory):
    memory.add("boat", "note")
    assert memory.search("tax", limit=1)[0].text == "boat"
    memory.add("tax", "note")
    assert memory.search("tax", limit=1)[0].text == "tax"


def test_a_text_of_100_kb_is_found_in_each_of_its_pieces(memory):
    text = "".join(f"piece {number} of a very long text about the harbour and its boats\n" for number in range(1_700))
    assert len(text) > 100_000
    memory.add(text, "book")
    lines = text.splitlines(keepends=True)
    assert [memory.search(lines[number], limit=1)[0].text for number in (0, 850, 1_699)] == [
        lines[number] for number in (0, 850, 1_699)
    ]


def test_a_question_finds_its_note_among_ten(tmp_path, minilm):
    memory: Memory = ChromaMemory(tmp_path, embedder=minilm)
    notes = [
        "Marlene is moored in the marina of Flensburg; she is a ketch of 11 metres.",
        "The car's inspection is due in March.",
        "Grandma's birthday is on 14 June; she likes orchids.",
        "The wifi password of the cabin is written on the fridge.",
        "I prefer tea over coffee in the morning.",
        "The server's backups run every night at 02:30.",
        "Invoice 4711 was paid on 3 May.",
        "The project uses Python 3.11 and ruff for linting.",
        "Our cat Minka is allergic to chicken.",
        "Dr. Weber's practice opens at 8 on Tuesdays.",
    ]
    for note in notes:
        memory.add(note, "note")
    assert memory.search("Where is my sailing boat?")[0].text == notes[0]
    assert memory.search("What flowers for grandmother?")[0].text == notes[2]
    assert memory.search("doctor's hours")[0].text == notes[9]
