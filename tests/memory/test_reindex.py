import pytest
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore

from agentx.errors import ConfigError


def documents(count):
    for number in range(count):
        texts = [f"doc {number} line {line}" for line in range(3)]
        yield Document(f"{number}.md", "text", str(number), tuple(Chunk(text, ("Head",)) for text in texts))


@pytest.fixture
def letters(words):
    return type(words)("letters")


@pytest.fixture
def filled(tmp_path, words):
    store = LocalStore(tmp_path, words.name)
    list(add_documents(store, words, documents(200)))
    return store


def test_another_model_is_found_after_a_reindex_and_the_old_one_refused(filled, tmp_path, words, letters):
    other = LocalStore(tmp_path, letters.name)
    seen = []
    assert filled.stored_model() == "words"
    assert other.reindex(letters.embed, lambda done, total: seen.append((done, total))) == 600
    assert seen == [(256, 600), (512, 600), (600, 600)]
    assert other.stored_model() == "letters"
    vector = letters.embed(["doc 7 line 2"])[0]
    assert other.chunks([other.dense(vector, 1)[0][0]])[0].text == "doc 7 line 2"
    with pytest.raises(ConfigError, match="model letters, not words"):
        filled.dense(vector, 1)
    with other.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (600,)
    assert other.reindex(letters.embed) == 0


class Interrupted(Exception):
    pass


def test_an_interrupted_reindex_is_searched_as_before_and_goes_on_where_it_was(filled, tmp_path, words, letters):
    other = LocalStore(tmp_path, letters.name)

    def stop(done, total):
        # What is stored meanwhile is embedded too.
        list(add_documents(filled, words, [Document("new.md", "text", "new", (Chunk("new text"),))]))
        filled.remove("199.md")
        raise Interrupted

    with pytest.raises(Interrupted):
        other.reindex(letters.embed, stop)
    assert filled.chunks([filled.dense(words.embed(["doc 7 line 2"])[0], 1)[0][0]])[0].text == "doc 7 line 2"
    assert other.reindex(letters.embed) == 600 - 256 - 3 + 1
    assert other.chunks([other.dense(letters.embed(["new text"])[0], 1)[0][0]])[0].text == "new text"
    assert other.count() == 598
