import hashlib

import pytest
from agentx_memory.chunks import Section
from agentx_memory.ingest import digest_of
from agentx_memory.ingest.blocks import MAX_CHARACTERS, blocks
from agentx_memory.ingest.cutting import MAX_CHARACTERS as MAX_CHUNK
from agentx_memory.ingest.cutting import chunks
from agentx_memory.ingest.readers.code import read as read_code
from agentx_memory.ingest.readers.markdown import marked
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = ["boat", "# h", "## k", "\n", "\n\n", " ", "  ", "```\n", "- ", "x = 1", "def f():\n", "\t", "…", "---\n"]
# What ends a line for `str.splitlines` and for nobody else.
NO_ENDS = ["\f", "\v", "\x85", "\u2028", "\u2029"]
TEXTS = st.lists(st.sampled_from([*WORDS, *NO_ENDS]), max_size=60).map("".join)


def check_lines(text, found):
    """What is cited of the file holds the chunk, and nothing but its own text and ends of lines."""
    lines = text.split("\n")
    for chunk in found:
        cited = "\n".join(lines[chunk.first_line - 1 : chunk.last_line])
        assert chunk.text in cited
        assert chunk.text.count("\n") == chunk.last_line - chunk.first_line


class Cutter:
    def __init__(self, size):
        self._size = size

    def split(self, text):
        return [text[start : start + self._size] for start in range(0, len(text), self._size)]


@given(TEXTS, st.integers(1, 30))
def test_the_cited_lines_hold_the_chunk(text, size):
    check_lines(text, chunks([Section(text, line=1)], Cutter(size)))


@given(TEXTS, st.integers(1, 30))
def test_the_cited_lines_of_markdown_hold_the_chunk(text, size):
    check_lines(text, chunks(marked(text).sections, Cutter(size)))


@settings(deadline=None)
@given(TEXTS, st.integers(1, 30), st.sampled_from(["a.py", "a.js", "a.c"]))
def test_the_cited_lines_of_code_hold_the_chunk(text, size, name):
    import io

    check_lines(text, chunks(read_code(io.BytesIO(text.encode()), name).sections, Cutter(size)))


@given(TEXTS)
def test_nothing_of_markdown_is_lost_but_headings_and_blanks(text):
    sections = list(marked(text).sections)
    kept = "".join(section.text for section in sections) + "".join(name for s in sections for name in s.heading)
    assert kept.count("boat") >= text.count("boat") - sum(line.startswith("#") for line in text.split("\n")) * 60


@pytest.mark.parametrize("mark", [*NO_ENDS, "\x1c", "\x1e"])
def test_what_is_no_end_of_a_line_moves_no_section(mark):
    found = list(marked(f"# A\nfoo{mark}bar\nbaz\n# B\nqux\n").sections)
    assert [(section.text, section.line) for section in found] == [(f"foo{mark}bar\nbaz\n", 2), ("qux\n", 5)]


@given(st.lists(st.sampled_from(["boat ", "\n", "\n\n", "x" * 9000]), max_size=40).map("".join))
def test_blocks_join_to_their_section_and_know_their_lines(text):
    found = list(blocks(Section(text, ("h",), 7)))
    assert "".join(block.text for block in found) == text
    assert all(len(block.text) <= MAX_CHARACTERS and block.heading == ("h",) for block in found)
    line = 7
    for block in found:
        assert block.line == line
        line += block.text.count("\n")


def test_a_word_without_end_is_cut_by_characters(minilm):
    found = list(chunks([Section("x" * 100_000, line=3)], minilm))
    assert "".join(chunk.text for chunk in found) == "x" * 100_000
    assert max(len(chunk.text) for chunk in found) == MAX_CHUNK
    assert {(chunk.first_line, chunk.last_line) for chunk in found} == {(3, 3)}


def test_chunks_fit_the_embedding_model_in_its_own_tokens(minilm):
    from agentx_memory.embedder import PIECE_TOKENS

    tokenizer = minilm._model().tokenizer
    found = list(chunks([Section("Der Kahn liegt, übrigens, im Hafen. 日本語\n\n" * 400, line=1)], minilm))
    assert len(found) > 50
    assert max(len(tokenizer.encode(chunk.text, add_special_tokens=False).ids) for chunk in found) <= PIECE_TOKENS


def test_what_has_no_letter_or_digit_is_left_out():
    assert [chunk.text for chunk in chunks([Section("---\n\n***"), Section(" boat ")], Cutter(100))] == [" boat"]


@pytest.mark.parametrize("size", [1, 3_000_000])
def test_the_digest_of_a_file_is_that_of_its_document(ingest, tmp_path, size):
    content = (b"boat 1234\n" * size)[:size]
    (tmp_path / "a.txt").write_bytes(content)
    assert digest_of(tmp_path / "a.txt") == hashlib.sha256(content).hexdigest()
    found, _ = ingest(tmp_path)
    assert found["a.txt"].digest == hashlib.sha256(content).hexdigest()
