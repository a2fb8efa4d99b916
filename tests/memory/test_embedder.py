import shutil

import numpy as np
import pytest
from agentx_memory.embedder import MAX_TOKENS, MiniLmEmbedder

from agentx.errors import ModelFileError

TEXTS = [
    "boat",
    "The boat lies in the harbour.",
    "Grüße aus Köln",
    "日本語のメモ",
    "",
    "milk " * 40,
    "tax form " * 300,
] + [f"note {number} about {'winter ' * (number % 9)}" for number in range(40)]


def test_vectors_have_unit_length_and_384_floats(minilm):
    vectors = minilm.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_a_text_has_the_same_vector_whatever_its_batch(minilm):
    together = minilm.embed(TEXTS)
    alone = np.concatenate([minilm.embed([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, alone)


def test_a_paraphrase_is_nearer_than_another_subject(minilm):
    yacht, boat, tax = minilm.embed(["Where is my yacht?", "The boat lies in the harbour.", "The tax is due in May."])
    assert yacht @ boat > 0.4 > 0.2 > yacht @ tax


def test_only_the_first_tokens_count(minilm):
    head = "winter " * MAX_TOKENS
    one, other = minilm.embed([head + "boat", head + "tax"])
    np.testing.assert_array_equal(one, other)


def test_a_long_text_is_split_into_pieces_that_the_model_sees_whole(minilm, minilm_files):
    import tokenizers

    text = "The boat lies in the harbour of Flensburg, übrigens. 日本語 naïve\n" * 300
    pieces = minilm.split(text)
    tokenizer = tokenizers.Tokenizer.from_file(str(minilm_files[1]))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    assert "".join(pieces) == text
    assert max(len(tokenizer.encode(piece).ids) for piece in pieces) <= MAX_TOKENS


def test_no_texts_give_no_vectors(minilm):
    assert minilm.embed([]).shape == (0, 384)


def test_nothing_is_loaded_before_the_first_use(tmp_path):
    assert MiniLmEmbedder(tmp_path / "none.onnx", tmp_path / "none.json").name == "all-MiniLM-L6-v2-int8"


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named_in_one_sentence(minilm_files, tmp_path, damaged):
    for path in minilm_files:
        shutil.copy(path, tmp_path / path.name)
    (tmp_path / damaged).write_bytes(b"junk" * 100)
    with pytest.raises(ModelFileError, match=rf"{damaged} cannot be loaded .*`agentx models pull minilm`"):
        MiniLmEmbedder(tmp_path / "model.onnx", tmp_path / "tokenizer.json").embed(["boat"])


def test_a_missing_file_is_named_in_one_sentence(minilm_files, tmp_path):
    with pytest.raises(ModelFileError, match=r"none\.onnx cannot be loaded"):
        MiniLmEmbedder(tmp_path / "none.onnx", minilm_files[1]).load()
