"""Files that llama.cpp loads and the engine cannot use, and the spaces that it puts before texts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import llama_cpp
import pytest

from agentx.decoding.llama import Llama
from agentx.errors import ModelError, ModelFileError
from tests.decoding.tiny_files import write_model


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[..., Llama]]:
    """Loads a tiny model of an architecture."""
    loaded: list[Llama] = []

    def load(architecture: str = "llama", space_prefix: bool | None = None) -> Llama:
        path = write_model(tmp_path / "tiny.gguf", architecture, space_prefix)
        loaded.append(Llama(path, context_tokens=64, sequences=2, threads=1, batch_rows=16))
        return loaded[-1]

    yield load
    for llama in loaded:
        llama.close()


@pytest.fixture
def freed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Models whose memory was given back."""
    seen: list[object] = []
    free = llama_cpp.llama_model_free
    monkeypatch.setattr(llama_cpp, "llama_model_free", lambda model: (seen.append(model), free(model)))
    return seen


@pytest.mark.parametrize(
    ("architecture", "sentence"),
    [
        ("mamba", "keeps a state that cannot be cut back to an earlier token; choose a model with attention in all"),
        ("lfm2", "keeps a state that cannot be cut back to an earlier token; choose a model with attention in all"),
        ("t5encoder", "has an encoder; choose a causal language model"),
        ("bert", "is no causal language model; choose one"),
    ],
)
def test_a_model_that_cannot_be_decoded_with_is_refused_and_freed(
    load: Callable[..., Llama], freed: list[object], architecture: str, sentence: str
) -> None:
    with pytest.raises(ModelFileError, match=rf"tiny\.gguf {sentence}"):
        load(architecture)
    assert len(freed) == 1


def test_a_context_that_there_is_no_memory_for_frees_the_model(
    load: Callable[..., Llama], freed: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_cpp, "llama_init_from_model", lambda model, parameters: None)
    with pytest.raises(ModelError, match="no memory for a context of 64 tokens"):
        load()
    assert len(freed) == 1


@pytest.mark.parametrize("space_prefix", [None, True, False])
@pytest.mark.parametrize("text", ["one", " one", "\n-> 5\n", "  5", "été 🛥", "<|user|>", ""])
def test_a_text_begins_with_no_space_that_is_not_its_own(
    load: Callable[..., Llama], space_prefix: bool | None, text: str
) -> None:
    llama = load(space_prefix=space_prefix)
    tokens = llama.tokenize(text, markup=False)
    assert b"".join(map(llama.piece, tokens)).decode() == text


def test_words_are_tokens_with_and_without_their_space(load: Callable[..., Llama]) -> None:
    llama = load()
    assert [llama.piece(token) for token in llama.tokenize("one one", markup=False)] == [b"one", b" one"]


def test_the_space_behind_a_special_token_is_the_models_own_affair(load: Callable[..., Llama]) -> None:
    for space_prefix, space in (True, b" "), (False, b""):
        llama = load(space_prefix=space_prefix)
        tokens = llama.tokenize("<s>one<|user|>\n", markup=True)
        assert [llama.piece(token) for token in tokens if llama.piece(token) != b" "] == [
            b"<s>",
            space + b"one",
            b"<|user|>",
            b"\n",
        ]
