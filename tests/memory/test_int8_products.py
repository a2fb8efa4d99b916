import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
from agentx_memory import int8_products, onnx_embedder
from agentx_memory.embedder import MiniLmEmbedder
from onnx import TensorProto, helper, numpy_helper

TEXTS = ["boat", "The boat lies in the harbour.", "Grüße aus Köln", "", "tax form " * 300] + [
    f"note {number} about {'winter ' * (number % 9)}" for number in range(40)
]


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTX_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def spelt_out(path, *, bias=True, weights=np.int8, scales=(1, 8), read_twice=False, external=False, opset=17):
    """A product of floats as a file with int8 weights spells it: x (any, 16) by weights (16, 8)."""
    rng = np.random.default_rng(0)
    constants = [
        # Within 7 bits, since x86 without VNNI adds two products in 16 bits, where larger ones overflow.
        numpy_helper.from_array(rng.integers(-63, 64, (16, 8)).astype(weights), "weights"),
        numpy_helper.from_array(rng.uniform(0.01, 0.02, scales).astype(np.float32), "scales"),
        numpy_helper.from_array(rng.standard_normal(8).astype(np.float32), "bias"),
    ]
    nodes = [
        helper.make_node("Cast", ["weights"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "scales"], ["scaled"]),
        helper.make_node("MatMul", ["x", "scaled"], ["product"]),
        helper.make_node("Add", ["bias", "product"] if bias else ["product", "product"], ["sum"]),
    ]
    outputs = [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [None, 8])]
    if read_twice:
        outputs.append(helper.make_tensor_value_info("product", TensorProto.FLOAT, [None, 8]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 16])]
    model = helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=8,
    )
    onnx.save(model, path, save_as_external_data=external, size_threshold=0)
    return path


def outputs(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


@pytest.mark.parametrize("form", [{}, {"scales": (8,)}, {"bias": False}, {"read_twice": True}, {"opset": 18}])
def test_a_product_that_is_spelt_out_becomes_one_of_bytes_and_stays_what_it_was(tmp_path, form):
    model = spelt_out(tmp_path / "model.onnx", **form)
    rewritten = int8_products.with_int8_products(model)
    operators = {node.op_type for node in onnx.load(rewritten).graph.node}
    assert "DynamicQuantizeMatMul" in operators
    assert operators.isdisjoint({"MatMul", "Cast"})
    x = np.random.default_rng(1).standard_normal((5, 16)).astype(np.float32)
    x[1:3] = [[0.0], [1000.0]]  # tokens that share a scale with others would be lost beside the last
    for told, exact in zip(outputs(rewritten, x), outputs(model, x), strict=True):
        bound = 0.02 * np.abs(exact).max(axis=1, keepdims=True)
        assert (np.abs(told - exact) <= bound).all()


@pytest.mark.parametrize("form", [{"weights": np.uint8}, {"scales": (16, 1)}, {"scales": (1, 1)}, {"external": True}])
def test_what_has_another_form_is_left_as_it_is(tmp_path, form):
    assert int8_products.with_int8_products(spelt_out(tmp_path / "model.onnx", **form)) is None


def test_a_file_that_is_no_model_is_left_to_who_opens_it(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"junk" * 100)
    assert int8_products.with_int8_products(tmp_path / "model.onnx") is None
    assert int8_products.with_int8_products(tmp_path / "none.onnx") is None


def test_it_is_made_once_and_anew_when_the_model_changes(tmp_path, monkeypatch, cache_folder):
    model = spelt_out(tmp_path / "model.onnx")
    first = int8_products.with_int8_products(model)
    with monkeypatch.context() as patch:
        patch.setattr(int8_products, "_rewritten", lambda model: pytest.fail("made again"))
        assert int8_products.with_int8_products(model) == first
        shutil.copy(model, tmp_path / "copy.onnx")
        assert int8_products.with_int8_products(tmp_path / "copy.onnx") == first
    spelt_out(model, bias=False)
    second = int8_products.with_int8_products(model)
    assert second != first
    assert {*(cache_folder / "int8").iterdir()} == {first, second}


def test_a_model_in_which_nothing_can_be_rewritten_is_read_once(tmp_path, monkeypatch):
    model = spelt_out(tmp_path / "model.onnx", weights=np.uint8)
    assert int8_products.with_int8_products(model) is None
    monkeypatch.setattr(int8_products, "_rewritten", lambda model: pytest.fail("read again"))
    assert int8_products.with_int8_products(model) is None


def test_where_nothing_can_be_kept_the_model_stays(tmp_path, cache_folder):
    cache_folder.write_text("no folder")
    assert int8_products.with_int8_products(spelt_out(tmp_path / "model.onnx")) is None


@pytest.mark.parametrize(
    ("machine", "flags", "exact"),
    [
        ("x86_64", {"avx2", "avx512_vnni"}, True),
        ("x86_64", {"avx2", "avx_vnni"}, True),
        ("x86_64", {"avx2", "avx512f"}, False),
        ("aarch64", {"asimddp"}, False),
    ],
)
def test_bytes_are_multiplied_where_their_sums_are_exact(monkeypatch, machine, flags, exact):
    monkeypatch.setattr(int8_products.platform, "machine", lambda: machine)
    monkeypatch.setattr(int8_products, "instructions", lambda: flags)
    assert int8_products.multiplies_int8.__wrapped__() is exact


def test_vectors_are_those_of_floats_but_for_rounding(minilm_files, monkeypatch):
    """Whatever the processor: a memory may move to another machine."""
    monkeypatch.setattr(onnx_embedder, "multiplies_int8", lambda: True)
    rounded = MiniLmEmbedder(*minilm_files)
    vectors = rounded.embed(TEXTS)
    monkeypatch.setattr(onnx_embedder, "multiplies_int8", lambda: False)
    exact = MiniLmEmbedder(*minilm_files).embed(TEXTS)
    assert 0.98 < (vectors * exact).sum(axis=1).min() < 0.99999
    np.testing.assert_array_equal(np.concatenate([rounded.embed([text]) for text in TEXTS]), vectors)


def test_a_damaged_copy_is_not_used_again(minilm_files, monkeypatch, cache_folder):
    monkeypatch.setattr(onnx_embedder, "multiplies_int8", lambda: True)
    MiniLmEmbedder(*minilm_files).load()
    (copy,) = (cache_folder / "int8").iterdir()
    copy.write_bytes(b"junk")
    vectors = MiniLmEmbedder(*minilm_files).embed(TEXTS[:2])
    assert vectors.shape == (2, 384)
    assert not copy.exists()
