"""A tiny model with random weights learns replies for real, through the command line as a person would."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from agentx_learn.adapters.peft_folder import read_folder
from agentx_learn.tuning.card import sha256_of
from agentx_learn.tuning.sft_network import LEFT_OUT, Padded, RepliesTrainer

from agentx.models import open_model
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.test_sft_data import ROW, USER

FAST = ("--epochs", "3", "--batch", "4", "--rank", "4", "--learning-rate", "0.02")


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    made = [{**ROW, "messages": [{**USER, "content": f"Weather in {i}?"}, *ROW["messages"][1:]]} for i in range(16)]
    path.write_text("\n".join(json.dumps(row) for row in made))
    return path


@pytest.fixture
def tune(cli: Callable[..., Ran], tiny: Callable[[str], Path], rows: Path) -> Callable[..., Ran]:
    def run(*more: str, data: str = str(rows)) -> Ran:
        return cli("tune", "sft", data, "--model", str(tiny("llama")), *FAST, *more)

    return run


def test_an_adapter_is_learnt_and_described(tune: Callable[..., Ran], tmp_path: Path) -> None:
    ran = tune("--out", str(out := tmp_path / "out"))
    assert ran.code == 0, ran.err
    card = json.loads((out / "card.json").read_text())
    before, after = card["metrics"]["loss_unseen_before"], card["metrics"]["loss_unseen"]
    assert after < before - 0.5
    assert ran.out == f"loss on unseen traces: {before:.4f} before, {after:.4f} after\n"
    assert card["kind"] == "LoRA adapter" and card["data"]["training"]["rows"] == 14
    assert card["data"]["training"]["sha256"] and card["parameters"]["seed"] == 0
    assert card["files"] == {"adapter_model.safetensors": sha256_of(out / "adapter" / "adapter_model.safetensors")}
    assert any(pair.b.any() for pair in read_folder(out / "adapter").pairs.values())
    assert "no GGUF, since the base was none" in ran.err
    assert not (out / "checkpoints").exists()
    assert "is not empty" in tune("--out", str(out)).err


def test_the_same_seed_gives_the_same_adapter_and_another_another(tune: Callable[..., Ran], tmp_path: Path) -> None:
    def made(name: str, seed: str) -> str:
        assert tune("--out", str(tmp_path / name), "--seed", seed, "--epochs", "1").code == 0
        return sha256_of(tmp_path / name / "adapter" / "adapter_model.safetensors")

    first = made("a", "1")
    assert made("b", "1") == first
    assert made("c", "2") != first


def test_a_whole_model_is_trained_and_runs(tune: Callable[..., Ran], tmp_path: Path, tiny: Any) -> None:
    ran = tune("--full", "--out", str(out := tmp_path / "out"), "--epochs", "1")
    assert ran.code == 0, ran.err
    assert f"--model transformers:{out / 'model'}" in ran.err
    model: Any = open_model(f"transformers:{out / 'model'}", threads=1, context_tokens=512)
    model.close()
    assert sha256_of(out / "model" / "model.safetensors") != sha256_of(tiny("llama") / "model.safetensors")


def test_a_dry_run_tells_sizes_and_writes_nothing(tune: Callable[..., Ran], workspace: Path) -> None:
    ran = tune("--dry-run")
    assert ran.code == 0, ran.err
    told = {line.split("  ")[0].strip(): line for line in ran.out.splitlines()}
    assert "14 to learn from, 2 that judge" in told["traces"]
    assert "16 of 16" in told["with calls"]
    assert "4 an epoch, 12 in all" in told["steps"]
    assert "s a step" in told["time"]
    assert list(workspace.iterdir()) == []


REFUSED = {
    "no folder": ((), "Name the folder for the adapter by --out DIR"),
    "an odd share": (("--out", "x", "--evaluate", "1.5"), "--evaluate 1.5 is no share"),
    "long traces": (("--dry-run", "--max-tokens", "64"), "All traces are longer than 64 tokens"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_a_sentence(case: str, tune: Callable[..., Ran], workspace: Path) -> None:
    options, sentence = REFUSED[case]
    ran = tune(*options)
    assert ran.code == 2 and ran.out == ""
    assert sentence in ran.err
    assert list(workspace.iterdir()) == []


def test_data_that_is_none_is_refused_before_the_model_is_loaded(
    cli: Callable[..., Ran], own_folders: None, workspace: Path
) -> None:
    for data, sentence in {"journal": "The journal has no run", "none.jsonl": "There is no file none.jsonl"}.items():
        ran = cli("tune", "sft", data, "--model", "no-such-model", "--out", "x")
        assert ran.code == 2 and sentence in ran.err
    assert list(workspace.iterdir()) == []


def test_the_loss_is_that_of_the_learnt_tokens_alone(tiny: Callable[[str], Path]) -> None:
    import transformers

    kind: Any = transformers.AutoModelForCausalLM
    network = kind.from_pretrained(tiny("llama")).eval()
    made = [{"input_ids": [5, 6, 7, 8], "labels": [LEFT_OUT, LEFT_OUT, 7, 8]}]
    made.append({"input_ids": [9, 10, 11], "labels": [LEFT_OUT, 10, LEFT_OUT]})
    batch = Padded(2)(made)
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    with torch.inference_mode():
        ours: Any = RepliesTrainer.compute_loss(None, network, dict(batch))  # type: ignore[arg-type]
        theirs = network(**batch).loss
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)
