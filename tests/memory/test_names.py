import os

import pytest
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore
from agentx_memory.names import chunks_of, keys_of, path_of, patterns
from agentx_memory.store import Where

from agentx.errors import UsageError


@pytest.fixture
def store(tmp_path, words, monkeypatch):
    """Holds the documents `docs/a.md` and `docs/b.txt`, and a note; one is in the folder `here` beside `docs`."""
    made = LocalStore(None, words.name)
    files = [
        Document(str(tmp_path / "docs" / name), "text", name, (Chunk(f"the boat {name}"),))
        for name in ("a.md", "b.txt")
    ]
    list(add_documents(made, words, [*files, Document("session s1", "note", "d", (Chunk("a note"),), key="note 1a2b")]))
    for name in ("docs", "here"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "docs")
    monkeypatch.chdir(tmp_path / "here")
    return made


@pytest.mark.parametrize("name", ["../docs", "../docs/*", "../link", "../link/*", "../docs/../docs"])
def test_a_folder_is_known_by_what_its_path_looks_like_from_here(store, tmp_path, name):
    both = {str(tmp_path / "docs" / file) for file in ("a.md", "b.txt")}
    assert {*keys_of(store, name)} == both
    assert {item.key for item in store.sources(Where(sources=patterns(name)))} == both


@pytest.mark.parametrize("name", ["../docs/a.md", "../link/a.md", "../docs/*.md", "*.md"])
def test_so_is_a_file(store, tmp_path, name):
    assert keys_of(store, name) == [str(tmp_path / "docs" / "a.md")]
    assert [item.key for item in store.sources(Where(sources=patterns(name)))] == [str(tmp_path / "docs" / "a.md")]


def test_what_is_no_path_is_known_as_it_is(store):
    for name in ("note 1a2b", "session s1", "note *", "1a2b"):
        assert keys_of(store, name) == ["note 1a2b"]


def test_names_that_nothing_can_have_are_sentences(store):
    for asked in (keys_of, chunks_of):
        with pytest.raises(UsageError, match="folder of nobody"):
            asked(store, "~nosuchuser/x")
        with pytest.raises(UsageError, match="is no UTF-8"):
            asked(store, os.fsdecode(b"\xff"))
        with pytest.raises(UsageError, match="holds no `99999999999999999999`"):
            asked(store, "9" * 20)


def test_an_empty_name_does_not_mean_the_folder_that_one_is_in(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for asked in (keys_of, chunks_of):
        with pytest.raises(UsageError, match="say what is meant"):
            asked(store, "")
    with pytest.raises(UsageError, match="say what is meant"):
        patterns("")


def test_a_link_that_leads_in_a_circle_raises_no_other_error(tmp_path):
    (tmp_path / "round").symlink_to("round")
    try:
        assert path_of(str(tmp_path / "round")) == tmp_path / "round"
    except UsageError as error:  # before Python 3.13
        assert "leads in a circle" in str(error)
