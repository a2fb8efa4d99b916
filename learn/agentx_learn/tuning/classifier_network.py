"""An encoder with a new head for classes, and rows of texts as it takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from agentx_learn.encoders.batches import Batches
from agentx_learn.encoders.inputs import fast, names_of, room
from agentx_learn.loading import pretrained, quiet, sentences
from agentx_learn.tuning.base import Base
from agentx_learn.tuning.classifier_data import Labelled


@dataclass(frozen=True, slots=True)
class Fresh:
    """Attributes:
    network: with a head that has learnt nothing, unless the base was a classifier of the same classes.
    inputs: names of the tensors that it takes.
    """

    network: Any
    tokenizer: Any
    batches: Batches
    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    parameters: int


def load_fresh(base: Base, classes: Sequence[str], max_tokens: int) -> Fresh:
    """Loads an encoder; what is random in its head follows from torch's seed.

    Args:
        max_tokens: of a text, marks included; fewer where the model has no room for so many.

    Raises:
        ModelError: see `agentx_learn.loading.sentences`.
    """
    with quiet(), sentences(base.source, "a classifier of texts", base.name):
        config = pretrained(
            AutoConfig,
            base.source,
            num_labels=len(classes),
            id2label=dict(enumerate(classes)),
            label2id={name: i for i, name in enumerate(classes)},
        )
        config.problem_type = "single_label_classification"
        tokenizer = pretrained(AutoTokenizer, base.source)
        network = pretrained(
            AutoModelForSequenceClassification, base.source, config=config, ignore_mismatched_sizes=True
        )
    backend = fast(tokenizer, base.name)
    # The exported classifier reads it from there, so that texts are cut alike.
    tokenizer.model_max_length = min(max_tokens, room(config, tokenizer))
    return Fresh(
        network=network,
        tokenizer=tokenizer,
        batches=Batches(backend, tokenizer.model_max_length, tokenizer.pad_token_id),
        inputs=names_of(network, config),
        classes=tuple(classes),
        parameters=sum(each.numel() for each in network.parameters()),
    )


def features(fresh: Fresh, rows: Labelled) -> list[dict[str, Any]]:
    """Each row as lists of token ids, cut as the exported classifier does it, and the number of its class."""
    numbers = {name: i for i, name in enumerate(fresh.classes)}
    found: list[dict[str, Any]] = []
    for text, label in zip(rows.texts, rows.labels, strict=True):
        arrays = fresh.batches.arrays([text])
        found.append({name: arrays[name][0].tolist() for name in fresh.inputs} | {"labels": numbers[label]})
    return found
