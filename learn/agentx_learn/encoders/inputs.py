"""What an encoder takes: which tensors, how many tokens, and rows by which tokenizer; knows no torch."""

import inspect
from typing import Any

from tokenizers import Tokenizer

from agentx.errors import ModelFileError


def names_of(network: Any, config: Any) -> tuple[str, ...]:
    """Names of the tensors that a network was trained with: RoBERTa takes kinds of segments too, and knows one only."""
    taken = inspect.signature(network.forward).parameters
    names = ["input_ids", "attention_mask"]
    if getattr(config, "type_vocab_size", 2) > 1:
        names.append("token_type_ids")
    return tuple(name for name in names if name in taken)


def room(config: Any, tokenizer: Any) -> int:
    """Tokens of a text, marks included, that a model sees: RoBERTa and its kin count positions before the first one."""
    before = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return min(int(tokenizer.model_max_length), getattr(config, "max_position_embeddings", 512) - before)


def fast(tokenizer: Any, name: str) -> Tokenizer:
    """The tokenizer behind one of `transformers`.

    Args:
        name: of the model, as a person calls it.

    Raises:
        ModelFileError: it is written in Python alone, or has no token that fills rows up.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if tokenizer.pad_token_id is None or not isinstance(backend, Tokenizer):
        raise ModelFileError(f"{name} has no fast tokenizer that fills rows up; choose an encoder such as BERT.")
    return backend
