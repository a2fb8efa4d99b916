"""An encoder with a head that tells masked tokens (Devlin et al. 2019), trained by Hugging Face's `Trainer`."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset
from transformers import (
    MODEL_FOR_NEXT_SENTENCE_PREDICTION_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
)

from agentx.errors import ModelFileError, UsageError
from agentx_learn.encoders.inputs import fast, names_of, room
from agentx_learn.loading import pretrained, quiet, sentences
from agentx_learn.tuning.base import Base
from agentx_learn.tuning.encoder_rows import NO_PAIR, Cutter

MASKED, TO_MASK, TO_RANDOM = 0.15, 0.8, 0.1
"""The share of the tokens that are told, and of these the shares that become `[MASK]` and any other token."""
LEFT_OUT = -100
_HEADS = ("cls.predictions", "lm_head", "predictions")


@dataclass(frozen=True, slots=True)
class Encoder:
    """Attributes:
    head: path of the module that makes logits of the encoder's states, by which those of masked tokens are made alone;
        "" where a network has no such module.
    is_new: whether this head has learnt nothing: the base was an encoder alone.
    """

    network: Any
    tokenizer: Any
    cutter: Cutter
    head: str
    is_new: bool
    parameters: int


def load_encoder(base: Base, max_tokens: int, next_sentence: bool) -> Encoder:
    """Loads an encoder in float32; what is random in its heads follows from torch's seed.

    Args:
        max_tokens: of a row, marks included; fewer where the model has no room for so many.

    Raises:
        ModelError: see `agentx_learn.loading.sentences`; or it is no encoder, or knows no mask.
        UsageError: next sentences are wanted of a model that has no head for them.
    """
    with quiet(), sentences(base.source, "an encoder that tells masked tokens", base.name):
        config = pretrained(AutoConfig, base.source)
        tokenizer = pretrained(AutoTokenizer, base.source)
        _check(base, config, tokenizer, next_sentence)
        backend = fast(tokenizer, base.name)
        network, found = pretrained(
            AutoModelForPreTraining if next_sentence else AutoModelForMaskedLM,
            base.source,
            config=config,
            dtype=torch.float32,
            output_loading_info=True,
        )
        _keep_pooler(network, base)
    prefix = f"{network.base_model_prefix}."
    missing = {key for key in found["missing_keys"] if "seq_relationship" not in key}
    if lost := sorted(key for key in missing if key.startswith(prefix) and ".pooler." not in key):
        raise ModelFileError(f"{base.name} lacks weights of an encoder ({', '.join(lost[:3])}); choose another model.")
    most = min(max_tokens, room(config, tokenizer))
    return Encoder(
        network=network,
        tokenizer=tokenizer,
        cutter=Cutter(backend, most, tokenizer.pad_token_id, names_of(network, config), tokenizer.all_special_ids),
        head=_head(network, tokenizer.mask_token_id),
        is_new=any(not key.startswith(prefix) for key in missing),
        parameters=sum(each.numel() for each in network.parameters()),
    )


def _check(base: Base, config: Any, tokenizer: Any, next_sentence: bool) -> None:
    if getattr(config, "is_encoder_decoder", False) or tokenizer.mask_token_id is None:
        raise ModelFileError(f"{base.name} knows no masked tokens; choose an encoder such as BERT or RoBERTa.")
    pairs: Any = MODEL_FOR_NEXT_SENTENCE_PREDICTION_MAPPING
    if next_sentence and type(config) not in pairs:
        raise UsageError(
            f"{base.name} is a model of type {config.model_type}, which has no head for next sentences; leave out "
            "--next-sentence, or choose a BERT."
        )


def _keep_pooler(network: Any, base: Base) -> None:
    """Masked tokens need no pooler, and a model for them has none; the base's goes along for whoever trains on it."""
    inner = network.base_model
    if getattr(inner, "pooler", inner) is not None:
        return
    whole, found = pretrained(AutoModel, base.source, dtype=torch.float32, output_loading_info=True)
    # ALBERT's is not a module of its own, but several.
    if type(whole.pooler).__name__.endswith("Pooler") and not any("pooler" in key for key in found["missing_keys"]):
        inner.pooler = whole.pooler


@torch.no_grad()
def _head(network: Any, token: int) -> str:
    """The module that alone makes a network's logits, seen by those of two tokens."""
    ids = torch.tensor([[token, token]], device=network.device)
    network.eval()
    for path in _HEADS:
        try:
            head = network.get_submodule(path)
        except AttributeError:
            continue
        made, wanted = head(network.base_model(input_ids=ids)[0]), _logits(network(input_ids=ids))
        if made.shape == wanted.shape and torch.allclose(made, wanted, rtol=1e-4, atol=1e-5):
            return path
    return ""


def _logits(found: Any) -> Tensor:
    told = getattr(found, "prediction_logits", None)
    return found.logits if told is None else told


class MaskedRows(Dataset[dict[str, Any]]):
    """Rows in which some tokens are masked, others each epoch (RoBERTa's dynamic masks).

    Which they are follows from the seed, the epoch and the row's number, and from nothing that was drawn before: a run
    that goes on within an epoch sees what it would have seen.
    """

    def __init__(self, rows: Sequence[dict[str, Any]], tokenizer: Any, seed: str) -> None:
        self._rows = rows
        self._tokenizer = tokenizer
        self._seed = seed
        self._epoch = 0

    def begin(self, epoch: int) -> None:
        """Draws the masks of an epoch from now on."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self._rows[index]
        mask = DataCollatorForLanguageModeling(
            self._tokenizer,
            mlm_probability=MASKED,
            mask_replace_prob=TO_MASK,
            random_replace_prob=TO_RANDOM,
            seed=random.Random(f"{self._seed} {self._epoch} {index}").getrandbits(32),
        )
        found = mask([{name: row[name] for name in ("input_ids", "special_tokens_mask")}])
        masked = {"input_ids": found["input_ids"][0].tolist(), "labels": found["labels"][0].tolist()}
        return {name: values for name, values in row.items() if name != "special_tokens_mask"} | masked


class NewMasks(TrainerCallback):
    """Has others masked each epoch. The loader tells its data the epoch too, but not where a run goes on amid one."""

    def __init__(self, rows: MaskedRows) -> None:
        self._rows = rows

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # A sum of fractions of steps, so that it may be a little off.
        self._rows.begin(int((state.epoch or 0.0) + 1e-6))


class EncoderTrainer(Trainer):
    """Has logits of masked tokens made alone: over the vocabulary they take as long as some layers.

    `EvalPrediction.predictions` has a row for each row of the data: the sum of its masked tokens' losses, how many they
    are, how many of them are told right; and for its pair the loss, whether it is one, and whether it is told right.

    Args:
        encoder: whose network is trained.
        options: of Trainer.
    """

    def __init__(self, encoder: Encoder, **options: Any) -> None:
        self._encoder = encoder
        super().__init__(model=encoder.network, **options)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        labels = inputs["labels"]
        pairs = inputs.get("next_sentence_label")
        given = {name: tensor for name, tensor in inputs.items() if name not in ("labels", "next_sentence_label")}
        masked = labels != LEFT_OUT
        logits, related = self._made(model, given, masked, pairs is not None)
        wanted = labels[masked]
        losses = functional.cross_entropy(logits.float(), wanted, reduction="none")
        # A short row may have no masked token, and a batch of such rows no mean.
        loss = losses.sum() / masked.sum().clamp(min=1)
        table = torch.zeros(len(labels), 6, device=labels.device)
        rows = masked.nonzero()[:, 0]
        right = (logits.argmax(-1) == wanted).float()
        for column, values in enumerate((losses.detach(), torch.ones_like(right), right)):
            table[:, column].index_add_(0, rows, values)
        if pairs is not None:
            known = (pairs != NO_PAIR).float()
            of_pairs = functional.cross_entropy(related.float(), pairs, reduction="none", ignore_index=NO_PAIR)
            loss = loss + of_pairs.sum() / known.sum().clamp(min=1)
            table[:, 3], table[:, 4] = of_pairs.detach(), known
            table[:, 5] = (related.argmax(-1) == pairs).float()
        return (loss, {"loss": loss, "figures": table}) if return_outputs else loss

    def _made(self, model: Any, given: dict[str, Any], masked: Tensor, pairs: bool) -> tuple[Tensor, Any]:
        """Logits of the masked tokens, of shape (masked, vocabulary), and those of the pairs."""
        if not self._encoder.head:
            found = model(**given)
            return _logits(found)[masked], getattr(found, "seq_relationship_logits", None)
        states = model.base_model(**given)
        related = model.cls.seq_relationship(states[1]) if pairs else None
        return model.get_submodule(self._encoder.head)(states[0][masked]), related


def figures(predictions: Any) -> dict[str, float]:
    """Of an evaluation: the loss of a masked token in nats, the share that are told right, and the same of pairs."""
    loss, count, right, pair_loss, pairs, pairs_right = predictions.predictions.sum(axis=0, dtype="float64")
    found = {"masked_loss": loss / max(count, 1), "masked_accuracy": right / max(count, 1)}
    if pairs:
        found |= {"pair_loss": pair_loss / pairs, "pair_accuracy": pairs_right / pairs}
    return {name: float(value) for name, value in found.items()}


def unigram(rows: Sequence[dict[str, Any]], vocabulary: int) -> Tensor:
    """Logarithms of how likely each token is by the frequencies of a text alone.

    Tokens that do not occur share as much as those had that were new when they came (Witten and Bell 1991).
    """
    ids = [
        token
        for row in rows
        for token, special in zip(row["input_ids"], row["special_tokens_mask"], strict=True)
        if not special
    ]
    counts = torch.bincount(torch.tensor(ids, dtype=torch.long), minlength=vocabulary).double()
    total, kinds = counts.sum(), (counts > 0).sum()
    rest = kinds / (total + kinds) / max(vocabulary - int(kinds), 1)
    return torch.where(counts > 0, counts / (total + kinds), rest).log().float()


def unigram_loss(rows: MaskedRows, logarithms: Tensor) -> tuple[float, int]:
    """The loss of a masked token by `unigram`, and how many there are."""
    told = torch.tensor([token for i in range(len(rows)) for token in rows[i]["labels"] if token != LEFT_OUT]).long()
    return (-logarithms[told].mean()).item() if len(told) else 0.0, len(told)


@torch.no_grad()
def begin_with_frequencies(network: Any, logarithms: Tensor) -> None:
    """Has a new head begin with the frequencies of the text, as its bias: else it learns nothing else at first, and the
    encoder is pushed about meanwhile."""
    bias = getattr(network.get_output_embeddings(), "bias", None)
    if bias is not None:
        bias.copy_(logarithms)
