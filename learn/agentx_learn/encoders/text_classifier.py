"""A classifier on `AutoModelForSequenceClassification`: BERT, RoBERTa, DistilBERT, ALBERT and their kin."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from agentx.errors import ModelFileError
from agentx_learn.encoders.batches import Batches
from agentx_learn.encoders.verdict import Text, Verdict, verdicts
from agentx_learn.loading import quiet, sentences

BATCH = 16


class TextClassifier:
    """A Classifier (see `agentx_learn.encoders.verdict.Classifier`) on torch.

    Args:
        source: a name of the hub, or a folder as `save_pretrained` writes it.
        device: of torch.

    Raises:
        ModelNotFound: the hub gave no such model.
        ModelFileError: it is none that classifies texts, or its head was never trained.
    """

    def __init__(self, source: str, device: str = "cpu") -> None:
        self.name = Path(source).name if Path(source).is_dir() else source
        kind: Any = AutoModelForSequenceClassification
        with quiet(), sentences(source, "a classifier of texts"):
            config: Any = AutoConfig.from_pretrained(source)
            tokenizer: Any = AutoTokenizer.from_pretrained(source)
            network, found = kind.from_pretrained(source, config=config, output_loading_info=True)
        if missing := sorted(found["missing_keys"]):
            raise ModelFileError(
                f"{self.name} has no trained head for classes ({', '.join(missing[:3])} is missing); fine-tune it "
                "first, or choose another model."
            )
        self.network: Any = network.eval().to(device)
        self.labels: tuple[str, ...] = tuple(config.id2label[i] for i in range(config.num_labels))
        self.max_tokens = min(int(tokenizer.model_max_length), positions(config))
        self.tokenizer: Any = tokenizer
        self.batches = Batches(tokenizer.backend_tokenizer, self.max_tokens, tokenizer.pad_token_id or 0)
        self.inputs = tuple(
            name
            for name in ("input_ids", "attention_mask", "token_type_ids")
            if name in inspect.signature(self.network.forward).parameters and uses(config, name)
        )

    @torch.inference_mode()
    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        found: list[Verdict] = []
        for start in range(0, len(texts), BATCH):
            arrays = self.batches.arrays(texts[start : start + BATCH])
            tensors = {name: torch.from_numpy(arrays[name]).to(self.network.device) for name in self.inputs}
            found += verdicts(self.network(**tensors).logits.float().cpu().numpy(), self.labels)
        return found


def positions(config: Any) -> int:
    """Tokens that a model has room for: RoBERTa and its kin count some positions before the first one."""
    before = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return getattr(config, "max_position_embeddings", 512) - before


def uses(config: Any, name: str) -> bool:
    """Whether a model was trained with several kinds of segments: RoBERTa takes the argument and knows one only."""
    return name != "token_type_ids" or getattr(config, "type_vocab_size", 2) > 1
