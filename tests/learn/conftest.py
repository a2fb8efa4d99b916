"""Tiny, randomly initialised models of several architectures with a tokenizer trained here, saved as a user's would be
and loaded by the real `from_pretrained`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import transformers
from agentx_learn.decoder.model import TransformersModel
from agentx_learn.decoder.request import Request
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

CONTEXT = 1024
WIDTH = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4}
CORPUS = [
    "You are brief. Name a colour that I will like. Tell me a story. What is the capital of Norway? Count to five.",
    "The sum of the two numbers is 12. one two three four five six seven eight nine ten word word word",
    'find_boats(place="Flensburg", length=12, kinds=["sail", "motor"], cheap=True)\n',
    '{"name": "find_boats", "arguments": {"place": "Flensburg", "length": 12, "cheap": true, "kinds": []}}',
]
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_level() -> Tokenizer:
    """In the manner of GPT-2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def save_tokenizer(folder: Path, tokenizer: Tokenizer, template: str | None = CHATML, **special: str) -> None:
    named = {"eos_token": "<|im_end|>"} | special
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)
    fast.chat_template = template
    fast.save_pretrained(folder)


def config_of(kind: str, vocab_size: int) -> transformers.PreTrainedConfig:
    shared = {
        "vocab_size": vocab_size,
        "max_position_embeddings": CONTEXT,
        "initializer_range": 0.3,  # else all tokens are as likely as any other
        "eos_token_id": 2,
        "bos_token_id": 0,
    }
    match kind:
        case "gpt2":
            return transformers.GPT2Config(n_embd=48, n_layer=3, n_head=4, n_positions=CONTEXT, **shared)
        case "llama":
            return transformers.LlamaConfig(num_key_value_heads=2, **WIDTH, **shared)
        case "qwen2":
            return transformers.Qwen2Config(num_key_value_heads=2, tie_word_embeddings=True, **WIDTH, **shared)
        case "mistral":
            return transformers.MistralConfig(num_key_value_heads=2, sliding_window=24, **WIDTH, **shared)
        case _:
            raise AssertionError(kind)


def save_network(folder: Path, config: transformers.PreTrainedConfig, seed: int = 0) -> None:
    torch.manual_seed(seed)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of an architecture."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            tokenizer = byte_level()
            save_tokenizer(made[kind], tokenizer)
            save_network(made[kind], config_of(kind, tokenizer.get_vocab_size()))
        return made[kind]

    return folder


@pytest.fixture
def load(tiny: Callable[[str], Path]) -> Iterator[Callable[..., TransformersModel]]:
    """Loads a model of its own; keywords are those of a Request."""
    loaded: list[TransformersModel] = []

    def make(kind: str = "llama", **options) -> TransformersModel:
        model = TransformersModel(Request(str(tiny(kind)), **options), CONTEXT, threads=1)
        loaded.append(model)
        return model

    yield make
    for model in loaded:
        model.close()
