"""Writes all-MiniLM-L6-v2 as the fp32 ONNX file that chromadb's default embedder expects, from its safetensors.

Run in the environment of `requirements.txt`, which has `onnx`; chromadb's own download comes from a bucket that not
every machine reaches. The graph is BERT as published (Devlin et al., 2018): six layers, twelve heads.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, WIDTH = 6, 12, 384


class Graph:
    """Nodes and weights as they are added; each method gives the name of its output."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.count = weights, [], {}, 0

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        output = f"{kind}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, value, dtype=np.float32):
        array = np.asarray(value, dtype)
        name = f"constant_{len(self.constants)}"
        self.constants[name] = array
        return name

    def weight(self, name, transpose=False):
        value = self.weights[name]
        return self.constant(value.T if transpose else value)

    def linear(self, x, name):
        return self.op("Add", self.op("MatMul", x, self.weight(f"{name}.weight", True)), self.weight(f"{name}.bias"))

    def norm(self, x, name):
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=1e-12)

    def heads(self, x):
        shape = self.constant([0, 0, HEADS, WIDTH // HEADS], np.int64)
        return self.op("Transpose", self.op("Reshape", x, shape), perm=[0, 2, 1, 3])

    def gelu(self, x):
        erf = self.op("Erf", self.op("Div", x, self.constant(np.sqrt(2))))
        return self.op("Mul", self.op("Mul", x, self.constant(0.5)), self.op("Add", erf, self.constant(1)))


def build(weights):
    graph = Graph(weights)
    embeddings = [
        graph.op("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids"),
        graph.op("Gather", graph.weight("embeddings.token_type_embeddings.weight"), "token_type_ids"),
    ]
    length = graph.op("Gather", graph.op("Shape", "input_ids"), graph.constant(1, np.int64))
    places = graph.op("Range", graph.constant(0, np.int64), length, graph.constant(1, np.int64))
    embeddings.append(graph.op("Gather", graph.weight("embeddings.position_embeddings.weight"), places))
    x = graph.norm(graph.op("Add", graph.op("Add", *embeddings[:2]), embeddings[2]), "embeddings.LayerNorm")
    mask = graph.op("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = graph.op("Unsqueeze", mask, graph.constant([1, 2], np.int64))
    hidden = graph.op("Mul", graph.op("Sub", graph.constant(1), mask), graph.constant(-1e9))
    for number in range(LAYERS):
        x = layer(graph, x, hidden, f"encoder.layer.{number}")
    graph.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    names = ("input_ids", "attention_mask", "token_type_ids")
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in names]
    made = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", WIDTH])]
    stored = [numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    body = helper.make_graph(graph.nodes, "minilm", given, made, stored)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def layer(graph, x, hidden, name):
    query, key, value = (
        graph.heads(graph.linear(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value")
    )
    scores = graph.op("MatMul", query, graph.op("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.op("Add", graph.op("Div", scores, graph.constant(np.sqrt(WIDTH // HEADS))), hidden)
    mixed = graph.op("Transpose", graph.op("MatMul", graph.op("Softmax", scores, axis=-1), value), perm=[0, 2, 1, 3])
    mixed = graph.op("Reshape", mixed, graph.constant([0, 0, WIDTH], np.int64))
    attended = graph.linear(mixed, f"{name}.attention.output.dense")
    x = graph.norm(graph.op("Add", attended, x), f"{name}.attention.output.LayerNorm")
    wide = graph.gelu(graph.linear(x, f"{name}.intermediate.dense"))
    return graph.norm(graph.op("Add", graph.linear(wide, f"{name}.output.dense"), x), f"{name}.output.LayerNorm")


def read_safetensors(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + length])
    kinds = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    return {
        name: np.frombuffer(
            data[8 + length + about["data_offsets"][0] : 8 + length + about["data_offsets"][1]], kinds[about["dtype"]]
        ).reshape(about["shape"])
        for name, about in head.items()
        if name != "__metadata__"
    }


def main(source, target):
    folder = target / "onnx"
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(build(read_safetensors(source / "model.safetensors")), folder / "model.onnx")
    shutil.copy(source / "tokenizer.json", folder)
    # chromadb looks whether these are there, and reads none of them.
    for name in ("config.json", "special_tokens_map.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
