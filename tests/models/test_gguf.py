import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentx.errors import ModelFileError
from agentx.models.gguf import read_header


def test_a_header_says_what_is_in_the_file(tmp_path: Path, make_gguf):
    path = tmp_path / "a.gguf"
    path.write_bytes(make_gguf("qwen2", values=100))
    header = read_header(path)
    assert (header.architecture, header.name, header.context_tokens, header.tensors) == ("qwen2", "Tiny", 2048, 1)
    assert header.expected_bytes == header.size == path.stat().st_size


@pytest.mark.parametrize("kept", [3, 5, 20, 60, 150, 250, 1000])
def test_a_file_cut_anywhere_is_called_truncated(tmp_path: Path, make_gguf, kept: int):
    path = tmp_path / "a.gguf"
    path.write_bytes(make_gguf()[:kept])
    with pytest.raises(ModelFileError, match=r"is truncated .*fetch the file again"):
        read_header(path)


def test_one_missing_byte_is_noticed(tmp_path: Path, make_gguf):
    path = tmp_path / "a.gguf"
    path.write_bytes(make_gguf()[:-1])
    with pytest.raises(ModelFileError, match="truncated"):
        read_header(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!doctype html><html>log in</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"PK\x03\x04rest", "ZIP archive"),
        (b"hello, world", "is not a GGUF model: name a .gguf file"),
    ],
)
def test_what_is_no_gguf_is_called_by_what_it_is(tmp_path: Path, content: bytes, why: str):
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=why):
        read_header(path)


def test_an_empty_file_a_folder_and_a_missing_file_get_a_sentence_each(tmp_path: Path):
    (tmp_path / "empty.gguf").touch()
    for path, why in [(tmp_path / "empty.gguf", "empty"), (tmp_path, "folder"), (tmp_path / "none.gguf", "cannot be")]:
        with pytest.raises(ModelFileError, match=why):
            read_header(path)


@pytest.mark.parametrize(
    "rest",
    [
        struct.pack("<IQQ", 3, 1 << 60, 0),
        struct.pack("<IQQ", 3, 0, 1 << 60),
        struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 62),
        struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q1sIIQ", 1, b"k", 9, 8, 1 << 40),
        struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q1sI", 1, b"k", 9) + struct.pack("<IQ", 9, 1) * 50,
        struct.pack("<IQQ", 9, 0, 0),
    ],
)
def test_a_header_that_claims_the_impossible_is_called_damaged(tmp_path: Path, rest: bytes):
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF" + rest + b"\0" * 64)
    with pytest.raises(ModelFileError, match="damaged GGUF header"):
        read_header(path)


@settings(max_examples=300, deadline=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(4, 260), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4))
def test_a_header_with_bytes_changed_at_random_is_read_or_refused_but_never_crashes(tmp_path: Path, make_gguf, changes):
    content = bytearray(make_gguf(values=8))
    for at, new in changes:
        content[at : at + len(new)] = new
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    try:
        header = read_header(path)
    except ModelFileError:
        return
    assert header.expected_bytes <= header.size
