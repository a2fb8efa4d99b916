"""A classifier on `AutoModelForSequenceClassification`: BERT, RoBERTa, DistilBERT, ALBERT and their kin."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from agentx.errors import ModelFileError
from agentx_learn.encoders.batches import Batches
from agentx_learn.encoders.inputs import fast, names_of, room
from agentx_learn.encoders.verdict import Text, Verdict, verdicts
from agentx_learn.loading import pretrained, quiet, sentences

BATCH = 16


class TextClassifier:
    """A Classifier (see `agentx_learn.encoders.verdict.Classifier`) on torch.

    Args:
        source: a name of the hub, or a folder as `save_pretrained` writes it.
        device: of torch.

    Raises:
        ModelNotFound: the hub gave no such model.
        ModelFileError: it is none that tells one class of several by a fast tokenizer, or its head was never trained.
    """

    def __init__(self, source: str, device: str = "cpu") -> None:
        self.name = Path(source).name if Path(source).is_dir() else source
        with quiet(), sentences(source, "a classifier of texts"):
            config = pretrained(AutoConfig, source)
            _require_one_of_several(config, self.name)
            tokenizer = pretrained(AutoTokenizer, source)
            network, found = pretrained(
                AutoModelForSequenceClassification, source, config=config, output_loading_info=True
            )
        if missing := sorted(found["missing_keys"]):
            raise ModelFileError(
                f"{self.name} has no trained head for classes ({', '.join(missing[:3])} is missing); fine-tune it "
                "first, or choose another model."
            )
        self.network: Any = network.eval().to(device)
        self.labels: tuple[str, ...] = tuple(config.id2label[i] for i in range(config.num_labels))
        self.max_tokens = room(config, tokenizer)
        self.tokenizer: Any = tokenizer
        self.batches = Batches(fast(tokenizer, self.name), self.max_tokens, tokenizer.pad_token_id)
        self.inputs = names_of(network, config)

    @torch.inference_mode()
    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        found: list[Verdict] = []
        for start in range(0, len(texts), BATCH):
            arrays = self.batches.arrays(texts[start : start + BATCH])
            tensors = {name: torch.from_numpy(arrays[name]).to(self.network.device) for name in self.inputs}
            found += verdicts(self.network(**tensors).logits.float().cpu().numpy(), self.labels)
        return found


def _require_one_of_several(config: Any, name: str) -> None:
    """A verdict is one class of several: the softmax would make one of a bare score too, and of classes that hold or
    do not hold each by itself."""
    if config.num_labels < 2 or config.problem_type == "regression":
        raise ModelFileError(f"{name} gives scores and tells no classes apart; choose a classifier of two or more.")
    if config.problem_type == "multi_label_classification":
        raise ModelFileError(
            f"{name} says of each class by itself whether it holds (multi-label), and a verdict is one class of "
            "several; choose another model."
        )
