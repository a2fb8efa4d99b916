"""Fragments to ids and ids to bytes, for tokenizers in the manner of GPT-2 and of Llama 2."""

from pathlib import Path

import pytest
import transformers
from agentx_learn.decoder.tokens import Tokens
from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers

from agentx.errors import ModelFileError
from agentx.models.chat_format import PlainFormat
from tests.learn.conftest import CORPUS, byte_level, save_tokenizer

TEXTS = ["Hello, boats.", " two  spaces", "été → 日本 🛥", "a\n\tb", "<|im_end|>", "</s>", ""]


def sentencepiece() -> Tokenizer:
    """In the manner of Llama 2: a mark for spaces, bytes where there is no token, a token that begins every text."""
    special = ["<unk>", "<s>", "</s>"]
    bytes_of = [f"<0x{i:02X}>" for i in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=[*special, *bytes_of], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    plain = Tokenizer(tokenizer.model)
    plain.normalizer = tokenizer.normalizer
    plain.add_special_tokens(special)
    plain.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    plain.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return plain


def tokens_of(folder: Path, tokenizer: Tokenizer, template: str | None = None, ends: tuple[int, ...] = ()) -> Tokens:
    save_tokenizer(folder, tokenizer, template, bos_token="<s>", eos_token="</s>")
    return Tokens(transformers.AutoTokenizer.from_pretrained(folder), 600, ends)


def test_bytes_of_tokens_join_to_the_text(tmp_path: Path) -> None:
    for name, tokenizer in {"gpt": byte_level(), "llama": sentencepiece()}.items():
        tokens = tokens_of(tmp_path / name, tokenizer)
        for text in TEXTS:
            ids = tokens.tokenize(text, markup=False)
            assert b"".join(map(tokens.piece, ids)).decode() == text, name
            assert tokens.tokenize(text.encode(), markup=False) == ids


def test_special_tokens_are_meant_only_in_markup(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, byte_level())
    (end,) = tokens.tokenize("<|im_end|>", markup=True)
    assert tokens.piece(end) == b"<|im_end|>"
    assert end not in tokens.tokenize("x <|im_end|>", markup=False)
    assert tokens.tokenize("\ud800", markup=False)


def test_a_token_that_begins_every_text_is_found(tmp_path: Path) -> None:
    assert tokens_of(tmp_path / "a", sentencepiece()).bos == 1
    assert tokens_of(tmp_path / "b", byte_level()).bos is None


def test_the_chat_template_names_the_token_that_ends_a_turn(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, byte_level(), eos_token="<|endoftext|>")
    tokens = Tokens(transformers.AutoTokenizer.from_pretrained(tmp_path), 600, [0])
    assert tokens.end_tokens == {0, 2}
    opening = tokens.chat.opening("Be brief.", "Hi")
    assert "".join(fragment.text for fragment in opening) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_base_model_is_shown_who_speaks_plainly(tmp_path: Path) -> None:
    assert isinstance(tokens_of(tmp_path, byte_level()).chat, PlainFormat)


def test_ids_beyond_the_tokenizer_have_no_text(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, byte_level())
    assert tokens.vocab_size == 600
    assert tokens.piece(599) == b""


def test_a_slow_tokenizer_is_refused_with_a_sentence() -> None:
    class Slow:
        pass

    with pytest.raises(ModelFileError, match="no fast tokenizer"):
        Tokens(Slow(), 600, [])
