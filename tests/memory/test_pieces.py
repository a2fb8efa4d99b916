import re

from agentx_memory.pieces import cut
from hypothesis import given
from hypothesis import strategies as st


def offsets_of_words(text):
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


@given(st.text(alphabet="ab .!\n\tü", max_size=400), st.integers(min_value=2, max_value=20))
def test_pieces_join_to_the_text_and_none_is_too_long(text, max_tokens):
    pieces = cut(text, offsets_of_words(text), max_tokens)
    assert "".join(pieces) == text
    assert all(len(offsets_of_words(piece)) <= max_tokens for piece in pieces)


def test_a_piece_ends_where_a_paragraph_does():
    text = "a b c d e f g.\n\nh i. j\nk l m n"
    assert cut(text, offsets_of_words(text), 12) == ["a b c d e f g.\n\n", "h i. j\nk l m n"]


def test_without_paragraphs_a_piece_ends_with_a_sentence():
    text = "one two three four. five six seven eight nine"
    assert cut(text, offsets_of_words(text), 8) == ["one two three four. ", "five six seven eight nine"]


def test_text_without_spaces_is_cut_between_tokens():
    assert cut("," * 5, offsets_of_words("," * 5), 2) == [",,", ",,", ","]
