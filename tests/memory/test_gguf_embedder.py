import numpy as np
import pytest
import torch
from agentx_memory.embedder import embedder_named

from agentx.errors import ModelError, ModelFileError, ModelNotFound
from tests.conftest import weights

TEXTS = ["boat", "The boat lies in the harbour.", "", "Grüße aus Köln, 日本語", "tax form " * 400]


@pytest.fixture(scope="module")
def gguf():
    return embedder_named(weights("smollm2-135m"))


def test_vectors_have_unit_length_and_are_the_same_whatever_the_batch(gguf):
    together = gguf.embed(TEXTS)
    assert together.shape == (len(TEXTS), 576)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(gguf.embed(TEXTS[1:2])[0], together[1])
    assert gguf.embed([]).shape == (0, 576)


def test_another_library_in_the_same_thread_harms_nothing(gguf):
    """Where the processor has AMX, torch leaves it set up as llama.cpp does not expect."""
    before = gguf.embed(TEXTS)
    square = torch.ones(256, 256, dtype=torch.bfloat16)
    assert (square @ square)[0, 0] == 256
    np.testing.assert_array_equal(gguf.embed(TEXTS), before)


def test_no_vector_without_numbers_is_given_out(gguf, monkeypatch):
    class Faulty:
        def n_embd(self):
            return 2

        def embed(self, text):
            return [[float("nan"), 4.0]]

    monkeypatch.setattr(gguf, "_llama", Faulty())
    with pytest.raises(ModelError, match="gives no numbers for a text"):
        gguf.embed(["a"])


def test_near_texts_are_nearer(gguf):
    boat, ship, tax = gguf.embed(["The boat lies in the harbour.", "The ship lies in the port.", "Taxes: 1,300 EUR"])
    assert boat @ ship > boat @ tax


def test_a_text_is_split_in_its_own_tokens(gguf):
    text = "The boat lies, übrigens, in the harbour.\n\n" * 60 + "x" * 300
    pieces = gguf.split(text)
    assert "".join(pieces) == text
    lengths = [len(gguf._model().tokenize(piece.encode(), add_bos=False)) for piece in pieces]
    assert len(pieces) > 10
    assert max(lengths) <= 70


def test_its_name_tells_its_bytes(gguf):
    assert gguf.name.startswith("SmolLM2-135M-Instruct.Q4_1-")


def test_what_is_no_model_is_a_sentence(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"junk" * 100)
    with pytest.raises(ModelFileError, match=r"a\.gguf cannot be loaded"):
        embedder_named(tmp_path / "a.gguf").load()
    with pytest.raises(ModelNotFound, match="no embedding model"):
        embedder_named(tmp_path / "none.gguf")
