"""A LoRA adapter as `peft` saves it: `adapter_config.json` and `adapter_model.safetensors` in a folder."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentx.errors import ModelFileError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_CHANGE_THE_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Ways to start that take out of the base's weights what they put into the adapter's."""
_TENSOR = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<half>[AB])\.weight")


@dataclass(frozen=True, slots=True)
class Pair:
    """What is added to the weight of one layer: `scaling * b @ a`.

    Attributes:
        a: shape (rank, inputs).
        b: shape (outputs, rank).
    """

    a: NDArray[np.float32]
    b: NDArray[np.float32]
    scaling: float

    @property
    def rank(self) -> int:
        return self.a.shape[0]


@dataclass(frozen=True, slots=True)
class PeftAdapter:
    """Attributes:
    pairs: by the layer's name in the network, such as `model.layers.0.self_attn.q_proj`.
    base: what the folder says that it was trained on; empty if nothing.
    """

    pairs: Mapping[str, Pair]
    base: str


def read_folder(folder: Path) -> PeftAdapter:
    """Reads an adapter.

    Raises:
        ModelFileError: the folder holds no LoRA adapter, or one with more to it than pairs of matrices.
    """
    config = _config(folder)
    _refuse_more(config, folder)
    try:
        from safetensors.torch import load_file

        tensors = {name: tensor.float().numpy() for name, tensor in load_file(folder / WEIGHTS).items()}
    except FileNotFoundError:
        raise ModelFileError(
            f"{folder} holds no {WEIGHTS}; save the adapter by `save_pretrained` of peft, as safetensors."
        ) from None
    except Exception as error:
        raise ModelFileError(f"{folder / WEIGHTS} cannot be read ({error}); save the adapter again.") from error
    return PeftAdapter(_pairs(tensors, config, folder), str(config.get("base_model_name_or_path") or ""))


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{folder} holds no {CONFIG} that can be read ({error}); name a folder of peft.") from None
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise ModelFileError(f"The adapter in {folder} is no LoRA adapter, and only those are known; name another.")
    return config


def _refuse_more(config: Mapping[str, Any], folder: Path) -> None:
    """What llama.cpp has nothing for, and what would be lost without a word."""
    start = str(config.get("init_lora_weights", "")).lower()
    more = {
        "DoRA": config.get("use_dora"),
        "biases": config.get("bias", "none") != "none" or config.get("lora_bias"),
        "whole layers of its own (modules_to_save)": config.get("modules_to_save"),
        "new tokens (trainable_token_indices)": config.get("trainable_token_indices"),
        "tokens that switch it on (aLoRA)": config.get("alora_invocation_tokens"),
        f"a base that its start changed (init_lora_weights: {start})": start.startswith(_CHANGE_THE_BASE),
    }
    if found := [name for name, there in more.items() if there]:
        raise ModelFileError(
            f"The adapter in {folder} has {' and '.join(found)}, which a GGUF adapter cannot hold; train it without."
        )


def _pairs(tensors: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], folder: Path) -> dict[str, Pair]:
    halves: dict[str, dict[str, NDArray[np.float32]]] = {}
    for name, tensor in tensors.items():
        found = _TENSOR.fullmatch(name)
        if not found:
            raise ModelFileError(f"The adapter in {folder} holds `{name}`, which is no matrix of a linear layer.")
        halves.setdefault(found["module"], {})[found["half"]] = tensor
    if not halves:
        raise ModelFileError(f"The adapter in {folder} holds no matrices; train it anew.")
    pairs: dict[str, Pair] = {}
    for module, half in halves.items():
        if set(half) != {"A", "B"} or half["A"].ndim != 2 or half["A"].shape[0] != half["B"].shape[-1]:
            raise ModelFileError(f"The two matrices of `{module}` in {folder} do not fit each other; save it again.")
        pairs[module] = Pair(half["A"], half["B"], _scaling(module, half["A"].shape[0], config))
    return pairs


def _scaling(module: str, rank: int, config: Mapping[str, Any]) -> float:
    alpha = float(_by_pattern(module, (config.get("alpha_pattern") or {}).items(), config.get("lora_alpha", rank)))
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _by_pattern(module: str, patterns: Iterable[tuple[str, Any]], otherwise: Any) -> Any:
    """As peft chooses: the first pattern that a name ends with."""
    return next((value for key, value in patterns if re.match(rf"(.*\.)?({key})$", module)), otherwise)
