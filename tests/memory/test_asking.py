import pytest
from agentx_memory.adding import add_documents
from agentx_memory.asking import chosen_notes
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore


@pytest.fixture
def notes(words):
    """Keys of the notes that are chosen by words without asking; each note is given by the pieces it is stored in."""

    def chosen(asked, **pieces):
        store = LocalStore(None, words.name)
        notes = [Document("s", "note", key, tuple(map(Chunk, texts)), key=key) for key, texts in pieces.items()]
        list(add_documents(store, words, notes))
        return chosen_notes(store, words, asked, 5, yes=True)

    return chosen


@pytest.mark.parametrize("asked", ["kiel", "Kiel.", "lives in Kiel", "(Kiel), lives!"])
def test_a_note_is_chosen_by_its_words_whatever_stands_around_them(notes, asked):
    assert notes(asked, one=["She lives in Kiel."], two=["Kielwater is a word."]) == ["one"]


def test_the_words_may_stand_in_several_pieces_of_one_note(notes):
    pieces = {"one": ["We met Ms Quandt.", "She lives in Kiel."], "two": ["Kiel is far."], "three": ["Quandt called."]}
    assert notes("Quandt Kiel", **pieces) == ["one"]


def test_all_words_must_stand_there(notes):
    assert notes("Kiel Flensburg", one=["She lives in Kiel."], two=["The boat is in Flensburg."]) == []
    assert notes("...", one=["She lives in Kiel..."]) == []
