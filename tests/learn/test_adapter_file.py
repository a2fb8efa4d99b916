"""LoRA adapters of peft as GGUF: the same logits in llama.cpp, and what a file cannot hold."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from agentx_learn.adapters import gguf_file
from agentx_learn.adapters.gguf_file import write_gguf
from agentx_learn.adapters.peft_folder import CONFIG, WEIGHTS, Pair, PeftAdapter, read_folder
from agentx_learn.loading import quiet
from numpy.typing import NDArray
from safetensors.torch import save_file

from agentx.decoding.llama import Llama
from agentx.errors import ModelFileError
from agentx.models.adapter_file import read_adapter
from agentx.models.gguf import Header, read_header
from benchmarks.learn.agreement import unpacked
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.decoding.tiny_files import WIDTH, write_model

TEXT = "The capital of France is a city which lies on a river, and its name is known to all the world."
Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Sides:
    """An adapter by both libraries, over the same weights in float32.

    Attributes:
        base, adapted: logits of transformers, shape (tokens, vocabulary), without the adapter and with it.
        file: the weights for llama.cpp.
        folder: the adapter as peft saved it.
    """

    base: Logits
    adapted: Logits
    tokens: list[int]
    file: Path
    folder: Path
    header: Header

    def in_llama_cpp(self, adapter: Path) -> Logits:
        llama = Llama(self.file, 512, 2, 1)
        try:
            llama.loras.load(adapter, "it")
            llama.adapt("it")
            llama.decode([(token, i, 0, True) for i, token in enumerate(self.tokens)])
            return np.stack([llama.logits(i) for i in range(len(self.tokens))]).copy()
        finally:
            llama.close()


@pytest.fixture(scope="module")
def sides(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Sides:
    from peft import LoraConfig, get_peft_model

    folder = tmp_path_factory.mktemp("adapter")
    llama = Llama(small_model, 512, 2, 1)
    tokens = llama.tokenize(TEXT, False)
    llama.close()
    torch.manual_seed(0)
    config = LoraConfig(
        r=8,
        lora_alpha=16,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj"],
        rank_pattern={"o_proj": 4},
        alpha_pattern={"v_proj": 24},
    )
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kind: Any = transformers.AutoModelForCausalLM
        network = kind.from_pretrained(small_model.parent, gguf_file=small_model.name, dtype=torch.float32)
        adapted = get_peft_model(network, config).eval()
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.05)
        adapted.save_pretrained(folder)
        with torch.inference_mode():
            ours = adapted(torch.tensor([tokens])).logits[0].numpy()
            with adapted.disable_adapter():
                base = adapted(torch.tensor([tokens])).logits[0].numpy()
    return Sides(base, ours, tokens, unpacked(small_model, folder), folder, read_header(small_model))


def off(one: Logits, other: Logits) -> float:
    return float(np.abs(one - other).mean())


def test_llama_cpp_gives_the_logits_of_peft(sides: Sides, tmp_path: Path) -> None:
    write_gguf(read_folder(sides.folder), sides.header, path := tmp_path / "deep" / "it.gguf")
    assert off(sides.base, sides.adapted) > 0.5
    theirs = sides.in_llama_cpp(path)
    assert off(theirs, sides.adapted) < 0.02
    assert (theirs.argmax(axis=1) == sides.adapted.argmax(axis=1)).mean() > 0.9
    assert read_adapter(path).architecture == "llama"
    assert [each.name for each in path.parent.iterdir()] == ["it.gguf"]


def test_the_same_rows_in_the_network_s_order_are_another_adapter(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_file, "PERMUTED", ())
    monkeypatch.setattr(gguf_file, "PLAIN", ("llama",))
    write_gguf(read_folder(sides.folder), sides.header, path := tmp_path / "it.gguf")
    assert off(sides.in_llama_cpp(path), sides.adapted) > 0.1


def test_rank_stabilised_scaling_is_read(sides: Sides, tmp_path: Path) -> None:
    copied(sides, tmp_path, use_rslora=True)
    plain, stabilised = read_folder(sides.folder), read_folder(tmp_path)
    for name, pair in plain.pairs.items():
        assert stabilised.pairs[name].scaling == pytest.approx(pair.scaling * pair.rank**0.5)
    scalings = {name.rpartition(".")[2]: pair.scaling for name, pair in plain.pairs.items()}
    assert (scalings["q_proj"], scalings["v_proj"], scalings["o_proj"]) == (2, 3, 4)


def copied(sides: Sides, folder: Path, **changes: Any) -> None:
    config = json.loads((sides.folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, **changes}))
    (folder / WEIGHTS).write_bytes((sides.folder / WEIGHTS).read_bytes())


def test_ways_to_start_that_leave_the_base_as_it_is_are_taken(sides: Sides, tmp_path: Path) -> None:
    for start in (True, False, "gaussian", "eva", "orthogonal"):
        copied(sides, tmp_path, init_lora_weights=start, alora_invocation_tokens=None)
        assert read_folder(tmp_path).pairs


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"use_dora": True}, "has DoRA, which a GGUF adapter cannot hold"),
        ({"bias": "all"}, "has biases, which"),
        ({"modules_to_save": ["lm_head"]}, "has whole layers of its own"),
        ({"peft_type": "IA3"}, "is no LoRA adapter"),
        ({"alora_invocation_tokens": [5, 6]}, "has tokens that switch it on .aLoRA., which"),
        (
            {"init_lora_weights": "pissa_niter_4"},
            "has a base that its start changed .init_lora_weights: pissa_niter_4.,",
        ),
        ({"init_lora_weights": "OLoRA"}, "has a base that its start changed"),
        ({"init_lora_weights": "corda"}, "has a base that its start changed"),
        ({"init_lora_weights": "loftq"}, "has a base that its start changed"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(sides: Sides, tmp_path: Path, change: dict, sentence: str) -> None:
    copied(sides, tmp_path, **change)
    with pytest.raises(ModelFileError, match=sentence):
        read_folder(tmp_path)


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nothing": (lambda folder: (folder / CONFIG).unlink(), f"holds no {CONFIG}"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), f"holds no {WEIGHTS}"),
    "damaged weights": (lambda folder: (folder / WEIGHTS).write_bytes(b"\xff" * 40), "cannot be read"),
    "half a pair": (
        lambda folder: save_file({"base_model.model.a.lora_A.weight": torch.zeros(2, 3)}, folder / WEIGHTS),
        "two matrices of `a`",
    ),
    "other tensors": (lambda folder: save_file({"lm_head": torch.zeros(2, 3)}, folder / WEIGHTS), "holds `lm_head`"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_refused(case: str, sides: Sides, tmp_path: Path) -> None:
    copied(sides, tmp_path)
    damage, sentence = BROKEN[case]
    damage(tmp_path)
    with pytest.raises(ModelFileError, match=sentence):
        read_folder(tmp_path)


def test_an_adapter_that_does_not_fit_the_model_is_refused(sides: Sides, tmp_path: Path) -> None:
    pair = Pair(np.zeros((2, 576), np.float32), np.zeros((577, 2), np.float32), 1.0)

    def write(module: str, header: Header = sides.header) -> None:
        write_gguf(PeftAdapter({module: pair}, ""), header, tmp_path / "it.gguf")

    with pytest.raises(ModelFileError, match="has no such layer"):
        write("model.layers.30.self_attn.q_proj")
    with pytest.raises(ModelFileError, match="for 576 inputs and 577 outputs, and that of .* has 576 and 576; name"):
        write("model.layers.0.self_attn.q_proj")
    with pytest.raises(ModelFileError, match="for 576 inputs and 577 outputs, and that of .* has 576 and 192; name"):
        write("model.layers.0.self_attn.v_proj")
    with pytest.raises(ModelFileError, match="577 rows, which are no heads of 64 each"):
        write("model.layers.0.self_attn.q_proj", replace(sides.header, shapes={}))
    with pytest.raises(ModelFileError, match="Adapters for mamba cannot be written yet"):
        write("model.layers.0.self_attn.v_proj", replace(sides.header, architecture="mamba"))
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_does_not_say_its_heads_of_k_is_taken(sides: Sides, tmp_path: Path) -> None:
    write_gguf(adapter := read_folder(sides.folder), sides.header, expected := tmp_path / "expected.gguf")
    silent = {key: value for key, value in sides.header.metadata.items() if not key.endswith("head_count_kv")}
    assert len(silent) == len(sides.header.metadata) - 1
    write_gguf(adapter, replace(sides.header, metadata=silent), path := tmp_path / "it.gguf")
    assert path.read_bytes() == expected.read_bytes()


def test_what_breaks_off_leaves_the_file_as_it_was(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gguf

    def interrupted(self: Any) -> None:
        raise KeyboardInterrupt

    (path := tmp_path / "it.gguf").write_text("older")
    monkeypatch.setattr(gguf.GGUFWriter, "write_tensors_to_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_gguf(read_folder(sides.folder), sides.header, path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("it.gguf", "older")]


def test_the_command_writes_what_the_library_does(
    sides: Sides, cli: Callable[..., Ran], small_model: Path, tmp_path: Path
) -> None:
    write_gguf(read_folder(sides.folder), sides.header, expected := tmp_path / "expected.gguf")
    ran = cli("tune", "export-adapter", str(sides.folder), str(tmp_path / "it.gguf"), "--model", str(small_model))
    assert ran.code == 0 and ran.out == "" and "agentx run --adapter" in ran.err
    assert (tmp_path / "it.gguf").read_bytes() == expected.read_bytes()
    wrong = cli("tune", "export-adapter", str(tmp_path), str(tmp_path / "no.gguf"), "--model", str(small_model))
    assert wrong.code != 0 and f"holds no {CONFIG}" in wrong.err and wrong.err.count("\n") == 1


def test_the_command_replaces_nothing_but_an_adapter(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (folder := tmp_path / "peft").mkdir()
    (folder / CONFIG).write_text(json.dumps({"peft_type": "LORA", "lora_alpha": 2, "r": 2}))
    layer = "base_model.model.model.layers.0.self_attn.v_proj.lora_"
    halves = {"A": torch.ones(2, WIDTH), "B": torch.ones(WIDTH, 2)}
    save_file({f"{layer}{half}.weight": tensor for half, tensor in halves.items()}, folder / WEIGHTS)
    model = write_model(tmp_path / "model.gguf")
    (note := tmp_path / "note.txt").write_text("mine")

    def export(path: Path) -> Ran:
        return cli("tune", "export-adapter", str(folder), str(path), "--model", str(model))

    for path in (model, note):
        before = path.read_bytes()
        ran = export(path)
        assert ran.code == 2 and ran.err.count("\n") == 1
        assert f"{path} is there already and no adapter; name another file to write" in ran.err
        assert path.read_bytes() == before
    (tmp_path / "it.gguf").touch()
    for which in ("nothing is lost", "an older adapter is replaced"):
        assert export(tmp_path / "it.gguf").code == 0, which
