"""Writes a LoRA adapter as the GGUF file that llama.cpp loads: its names of the layers, its order of the rows.

Format: `convert_lora_to_gguf.py` of llama.cpp, and what its loader reads: pairs of tensors `NAME.lora_a` and
`NAME.lora_b`, scaled by `adapter.lora.alpha` over their rank.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentx.errors import ModelFileError, StorageError
from agentx.models.gguf import Header
from agentx_learn.adapters.peft_folder import Pair, PeftAdapter

Rows = NDArray[np.float32]

PERMUTED, PLAIN = ("llama",), ("qwen2", "qwen3")
"""Architectures whose GGUF files hold the rows of q and k in another order than the network's, and in the same."""


def write_gguf(adapter: PeftAdapter, base: Header, path: Path) -> None:
    """Writes an adapter for the model in a GGUF file; the file is there whole, or as it was.

    Args:
        adapter: as peft has it.
        base: header of the model's GGUF file; the adapter then fits all files of that model, however quantised.
        path: of the new file.

    Raises:
        ModelFileError: the adapter does not fit the model, or its architecture is not known here.
        StorageError: the file cannot be written.
    """
    import gguf

    architecture = base.architecture
    if architecture not in (*PERMUTED, *PLAIN):
        raise ModelFileError(
            f"Adapters for {architecture or 'a model of no architecture'} cannot be written yet; those for "
            f"{', '.join((*PERMUTED, *PLAIN))} can."
        )
    tensors = _tensors(adapter.pairs, base)
    writer: Any = gguf.GGUFWriter(None, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    if base.name:
        writer.add_string("general.base_model.0.name", base.name)
        writer.add_uint32("general.base_model.count", 1)
    # The scaling of each pair is in its second matrix, so that here it is alpha / rank = 1 for most.
    alpha = float(max(pair.rank for pair in adapter.pairs.values()))
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, pair in tensors.items():
        writer.add_tensor(f"{name}.lora_a", np.ascontiguousarray(pair.a))
        writer.add_tensor(f"{name}.lora_b", np.ascontiguousarray(pair.b * np.float32(pair.scaling * pair.rank / alpha)))
    _write(writer, path)


def _tensors(pairs: Mapping[str, Pair], base: Header) -> dict[str, Pair]:
    """The pairs by llama.cpp's names, with their rows in its order."""
    import gguf

    architecture = base.architecture
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(kinds[architecture], _number(base, "block_count"))
    tensors: dict[str, Pair] = {}
    for module, pair in pairs.items():
        name = names.get_name(module)
        if name is None:
            raise ModelFileError(f"The adapter changes `{module}`, and {base.name or 'the model'} has no such layer.")
        ours, theirs = (pair.a.shape[1], pair.b.shape[0]), base.shapes.get(f"{name}.weight")
        if theirs not in (None, ours):  # other files of a model in parts hold what this one does not
            raise ModelFileError(
                f"The adapter's `{module}` is for {ours[0]} inputs and {ours[1]} outputs, and that of "
                f"{base.name or 'the model'} has {' and '.join(map(str, theirs))}; name the model it was trained on."
            )
        reorder = _order(name, base) if architecture in PERMUTED else None
        tensors[f"{name}.weight"] = Pair(pair.a, reorder(pair.b), pair.scaling) if reorder else pair
    return tensors


def _order(name: str, base: Header) -> Callable[[Rows], Rows] | None:
    """How rows of a layer are put in the order of the base file; None where they are in it.

    The rotary embedding of the network turns the first half of a head's rows with the second, that of llama.cpp
    neighbouring rows: so the halves are laid into each other.
    """
    if name.rpartition(".")[2] not in ("attn_q", "attn_k"):
        return None
    width = _head_width(base)

    def interleave(rows: Rows) -> Rows:
        if width % 2 or rows.shape[0] % width:
            raise ModelFileError(
                f"The adapter's `{name}` has {rows.shape[0]} rows, which are no heads of {width} each."
            )
        halves = rows.reshape(-1, 2, width // 2, rows.shape[1])
        return halves.swapaxes(1, 2).reshape(rows.shape)

    return interleave


def _head_width(base: Header) -> int:
    """Rows of a head of q or k, as llama.cpp takes it; a file need not say how many heads k has."""
    if f"{base.architecture}.attention.key_length" in base.metadata:
        return _number(base, "attention.key_length")
    return _number(base, "embedding_length") // _number(base, "attention.head_count")


def _number(base: Header, key: str) -> int:
    value = base.metadata.get(f"{base.architecture}.{key}")
    if not isinstance(value, int) or value < 1:
        raise ModelFileError(f"The model's file does not say its {key.replace('_', ' ')}; name another file of it.")
    return value


def _write(writer: Any, path: Path) -> None:
    """Writes aside and moves into place."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer.write_header_to_file(path=aside)
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        aside.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written ({error.strerror or error}); free space, or name another."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
