"""A causal language model that learns replies, wholly or by a LoRA adapter (Hu et al. 2021) beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import Trainer

from agentx import plugins
from agentx.models.gguf import Header, read_header
from agentx.models.progress import ProgressSink
from agentx_learn.decoder import weights
from agentx_learn.decoder.request import parse
from agentx_learn.decoder.tokens import Tokens
from agentx_learn.loading import quiet, sentences
from agentx_learn.tuning.card import licence_of, licence_of_hub
from agentx_learn.tuning.rows import DataError
from agentx_learn.tuning.sft_rendering import Example, rendered, tokenized
from agentx_learn.tuning.traces import Trace

ALPHA_OVER_RANK = 2
LEFT_OUT = -100
"""The label of a token that is not learnt."""


@dataclass(frozen=True, slots=True)
class Student:
    """Attributes:
    network: with an adapter, unless it learns wholly.
    end: the token that ends a reply.
    header: of the GGUF file that it was loaded from; None if it was none.
    name: of the base, as a person calls it.
    licence: empty if nothing tells it.
    learnt: how many parameters change, of how many.
    plain_head: whether its logits are what its head makes of the decoder's states; some models scale or cap them.
    """

    network: Any
    tokenizer: Any
    tokens: Tokens
    dialect: Any
    end: int
    header: Header | None
    name: str
    licence: str
    learnt: tuple[int, int]
    plain_head: bool


def load_student(model: str, rank: int, progress: ProgressSink) -> Student:
    """Loads a model in float32.

    Args:
        model: a name of the catalogue, a path or hf:// reference of a GGUF file, a folder, or a name of the hub;
            options behind it (see `Request`) hold, but for those of its precision.
        rank: of the adapter; 0 has the model itself learn.

    Raises:
        ModelError, UsageError: as `agentx_learn.decoder.weights.locate` and `read`.
    """
    request = replace(parse(model), dtype="float32", bits=0)
    origin = weights.locate(request, progress)
    loaded = weights.read(origin, request, progress)
    network, tokenizer = loaded.network, loaded.tokenizer
    ends = weights.end_tokens(network, tokenizer)
    tokens = Tokens(tokenizer, network.get_output_embeddings().weight.shape[0], ends, loaded.template)
    _unpacked(network)
    end = _end_of_turn(tokens, tokenizer)
    plain_head = has_plain_head(network, end)
    if rank:
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(
            r=rank, lora_alpha=ALPHA_OVER_RANK * rank, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        with quiet(), sentences(origin.source, "a model that an adapter fits", origin.name):
            network = get_peft_model(network, config)
    header = read_header(Path(origin.source, origin.gguf)) if origin.gguf else None
    return Student(
        network=network,
        tokenizer=tokenizer,
        tokens=tokens,
        dialect=plugins.load("agentx.dialects", origin.dialect)(),
        end=end,
        header=header,
        name=origin.name,
        licence=_licence(origin),
        learnt=(
            sum(each.numel() for each in network.parameters() if each.requires_grad),
            sum(each.numel() for each in network.parameters()),
        ),
        plain_head=plain_head,
    )


def has_plain_head(network: Any, token: int) -> bool:
    """Whether the head alone makes a network's logits, seen by those behind one token."""
    ids = torch.tensor([[token]], device=network.device)
    with torch.no_grad():
        head = network.get_output_embeddings()(network.get_decoder()(input_ids=ids, use_cache=False)[0])
        return torch.allclose(head, network(input_ids=ids, use_cache=False).logits, rtol=1e-5, atol=1e-6)


def examples(student: Student, traces: Sequence[Trace], max_tokens: int, which: str) -> list[Example]:
    """The traces as tokens; those that are longer are left out, since of a part the reply may be missing.

    Args:
        which: of all traces these are, in words for a person.

    Raises:
        DataError: none is left.
    """
    made = [
        tokenized(rendered(trace, student.dialect, student.tokens.chat), student.tokens, student.end)
        for trace in traces
    ]
    short = [example for example in made if len(example.ids) <= max_tokens and any(example.learnt)]
    if not short:
        lengths = [len(example.ids) for example in made if any(example.learnt)]
        if not lengths:
            raise DataError(f"No trace of those {which} holds a reply to learn; give others, or another --seed.")
        raise DataError(
            f"All traces {which} are longer than {max_tokens} tokens, from {min(lengths)} up; give more by "
            "--max-tokens, or have others chosen by --seed."
        )
    return short


def rows(made: Sequence[Example]) -> list[dict[str, Any]]:
    return [{"input_ids": example.ids, "labels": example.labels} for example in made]


@dataclass(frozen=True, slots=True)
class Padded:
    """Fills the rows of a batch up on the right, with what the attention mask leaves out."""

    token: int

    def __call__(self, batch: Sequence[dict[str, Any]]) -> dict[str, Any]:
        longest = max(len(row["input_ids"]) for row in batch)

        def filled(name: str, filler: int) -> Any:
            return torch.tensor([list(row[name]) + [filler] * (longest - len(row[name])) for row in batch])

        ids = filled("input_ids", self.token)
        lengths = torch.tensor([len(row["input_ids"]) for row in batch])
        mask = (torch.arange(longest)[None, :] < lengths[:, None]).long()
        return {"input_ids": ids, "attention_mask": mask, "labels": filled("labels", LEFT_OUT)}


class RepliesTrainer(Trainer):
    """Computes logits of the learnt tokens alone: over a large vocabulary they take as long as some layers. Right for
    a plain head alone, see `Student`."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        hidden = causal.get_decoder()(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
        )[0]
        wanted = inputs["labels"][:, 1:]
        known = wanted != LEFT_OUT
        logits = causal.get_output_embeddings()(hidden[:, :-1][known])
        loss = functional.cross_entropy(logits.float(), wanted[known])
        return (loss, {"loss": loss, "logits": logits}) if return_outputs else loss


def _unpacked(network: Any) -> None:
    """Has a model of a GGUF file pass for what it is: its weights were unpacked, and can be trained and saved."""
    network.is_quantized, network.hf_quantizer, network.quantization_method = False, None, None
    if hasattr(network.config, "quantization_config"):
        del network.config.quantization_config


def _end_of_turn(tokens: Tokens, tokenizer: Any) -> int:
    """What the chat template ends a turn with; the end of a document where there is no template."""
    after = tokens.chat.next_turn("")[:1]
    first = tokens.tokenize(after[0].text, markup=True)[:1] if after and after[0].markup else []
    if first and first[0] in tokens.end_tokens:
        return first[0]
    return tokenizer.eos_token_id if tokenizer.eos_token_id is not None else min(tokens.end_tokens)


def _licence(origin: weights.Origin) -> str:
    from agentx.models.catalog import load

    catalogue = load()
    if origin.name in catalogue:
        return catalogue.get(origin.name).licence
    folder = Path(origin.source)
    return licence_of(folder) if folder.is_dir() else licence_of_hub(origin.source)
