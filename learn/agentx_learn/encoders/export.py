"""Writes a classifier as ONNX with weights of 8 bits: a folder that onnxruntime runs without torch."""

import contextlib
import json
import logging
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agentx.errors import StorageError
from agentx_learn.encoders.onnx_classifier import LABELS, MODEL, TOKENIZER
from agentx_learn.encoders.text_classifier import TextClassifier
from agentx_learn.loading import quiet

OPSET = 18


class _Logits(torch.nn.Module):
    """The network with its inputs by place and logits alone, as ONNX wants it."""

    def __init__(self, network: Any, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self._network = network
        self._inputs = inputs

    def forward(self, *tensors: Tensor) -> Tensor:
        return self._network(**dict(zip(self._inputs, tensors, strict=True))).logits


def export(classifier: TextClassifier, folder: Path) -> Path:
    """Writes model, tokenizer and labels to a folder, which is made; returns it.

    Raises:
        StorageError: it cannot be written.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch, quiet(), _no_advice():
            plain = Path(scratch, "plain.onnx")
            _write_plain(classifier, plain)
            # A matrix has a scale for each of its columns: one for all of it costs accuracy. Weights have 7 bits, since
            # x86 without VNNI adds two products in 16 bits, which those of 8 overflow; the folder may move there.
            quantize_dynamic(plain, folder / MODEL, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        classifier.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
        described = {
            "name": classifier.name,
            "labels": classifier.labels,
            "max_tokens": classifier.max_tokens,
            "padding": classifier.tokenizer.pad_token_id,
        }
        (folder / LABELS).write_text(json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written ({error.strerror or error}); name another folder.") from error
    return folder


def _write_plain(classifier: TextClassifier, path: Path) -> None:
    arrays = classifier.batches.arrays(["one two three", ("one", "two")])
    examples = tuple(torch.from_numpy(arrays[name]) for name in classifier.inputs)
    rows, tokens = (
        torch.export.Dim("rows", min=1, max=4096),
        torch.export.Dim("tokens", min=2, max=classifier.max_tokens),
    )
    network = _Logits(classifier.network.to("cpu"), classifier.inputs).eval()
    program = torch.onnx.export(
        network,
        examples,
        input_names=list(classifier.inputs),
        output_names=["logits"],
        opset_version=OPSET,
        dynamic_shapes=(tuple({0: rows, 1: tokens} for _ in examples),),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.save(str(path))


@contextlib.contextmanager
def _no_advice() -> Generator[None]:
    """The exporter logs, past any stderr of ours, which packages it could also make use of."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
