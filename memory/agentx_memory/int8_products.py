"""Products in int8, for a model that keeps its weights so.

Its file may spell each product in fp32 all the same, as the catalogue's `minilm` does: weights are cast to floats,
scaled and multiplied. Rewritten, the activations are brought to 8 bits too, with a scale for each token (dynamic
quantisation a token, as in ZeroQuant, Yao et al., 2022, https://arxiv.org/abs/2206.01861), and one operator of
onnxruntime multiplies bytes: some 800 GOPS a core with VNNI, where fp32 makes 220.
"""

import hashlib
import platform
from functools import cache
from pathlib import Path
from typing import Any

from agentx import files, folders
from agentx.cpus import instructions
from agentx.errors import ConfigError

_LEAST, _LAST = "int8_products/least", "int8_products/last"
"""Constants: what a token of zeros is divided by, and the axis of a token's activations."""
_FORM = 2
"""Goes up with a change of what is written, so that it is written anew."""


@cache
def multiplies_int8() -> bool:
    """Whether sums of products of bytes are exact: on x86 with VNNI. Without it they pass through 16 bits, which
    overflow; other processors were not measured."""
    return platform.machine() == "x86_64" and not instructions().isdisjoint({"avx512_vnni", "avx_vnni"})


def with_int8_products(model: Path) -> Path | None:
    """The model rewritten, from the cache folder or made now; None if nothing in it can be, or it cannot be kept.

    It is found by the model's content, so that copies of a model share it. An empty file says that nothing can be, so
    that a large model is not taken apart at each start.
    """
    try:
        with model.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        target = folders.cache_dir() / "int8" / f"{digest[:32]}-{_FORM}.onnx"
        if not target.is_file():
            files.replace(target, _rewritten(model))
        return target if target.stat().st_size else None
    except (OSError, ConfigError):
        return None


def _rewritten(model: Path) -> bytes:
    """Each `MatMul(x, Mul(Cast(weights), scales))` made a product of bytes; nothing where there is none."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        loaded: Any = onnx.load(model, load_external_data=False)
    except DecodeError:
        return b""
    graph = loaded.graph
    if any(item.external_data for item in graph.initializer):
        return b""  # what lies beside the model would not lie beside what is written
    constants = {item.name: item for item in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    version = next(opset.version for opset in loaded.opset_import if opset.domain in ("", "ai.onnx"))
    nodes: list[Any] = []
    scaled: set[str] = set()
    for node in graph.node:
        found = _weights(node, makers, constants)
        if found is None:
            nodes.append(node)
            continue
        weights, scales = found
        constants[scales].dims[:] = [constants[weights].dims[1]]
        x, output = node.input[0], node.output[0]
        if x not in scaled:
            nodes += _rows_scaled(x, version)
            scaled.add(x)
        product = [f"{x}/scaled", weights, scales]
        nodes += [
            onnx.helper.make_node("DynamicQuantizeMatMul", product, [f"{output}/scaled"], domain="com.microsoft"),
            onnx.helper.make_node("Mul", [f"{output}/scaled", f"{x}/most"], [output]),
        ]
    if not scaled:
        return b""
    del graph.node[:]
    graph.node.extend(_read(nodes, {item.name for item in graph.output}))
    graph.initializer.append(onnx.helper.make_tensor(_LEAST, onnx.TensorProto.FLOAT, [1], [1e-30]))
    graph.initializer.append(onnx.helper.make_tensor(_LAST, onnx.TensorProto.INT64, [1], [-1]))
    if all(opset.domain != "com.microsoft" for opset in loaded.opset_import):
        loaded.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    return loaded.SerializeToString()


def _rows_scaled(x: str, version: int) -> list[Any]:
    """A token's activations divided by the greatest of them. The operator has one scale for all tokens of a text, and
    a few with great activations would leave two or three bits to the others."""
    from onnx import helper

    most = (
        helper.make_node("ReduceMax", [f"{x}/abs"], [f"{x}/greatest"], axes=[-1])
        if version < 18
        else helper.make_node("ReduceMax", [f"{x}/abs", _LAST], [f"{x}/greatest"])
    )
    return [
        helper.make_node("Abs", [x], [f"{x}/abs"]),
        most,
        helper.make_node("Max", [f"{x}/greatest", _LEAST], [f"{x}/most"]),
        helper.make_node("Div", [x, f"{x}/most"], [f"{x}/scaled"]),
    ]


def _weights(node: Any, makers: dict[str, Any], constants: dict[str, Any]) -> tuple[str, str] | None:
    """The names of a product's weights in int8 and of their scales, one a column."""
    from onnx import TensorProto

    scaled = makers.get(node.input[1]) if node.op_type == "MatMul" else None
    cast = makers.get(scaled.input[0]) if scaled is not None and scaled.op_type == "Mul" else None
    if scaled is None or cast is None or cast.op_type != "Cast":
        return None
    weights, scales = constants.get(cast.input[0]), constants.get(scaled.input[1])
    if weights is None or scales is None or weights.data_type != TensorProto.INT8 or len(weights.dims) != 2:
        return None
    return (weights.name, scales.name) if list(scales.dims) in ([1, weights.dims[1]], [weights.dims[1]]) else None


def _read(nodes: list[Any], wanted: set[str]) -> list[Any]:
    """The nodes whose output somebody reads, in their order."""
    kept: list[Any] = []
    for node in reversed(nodes):
        if not wanted.isdisjoint(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]
