"""A tiny model with random weights learns replies for real, through the command line as a person would."""

import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from agentx_learn.adapters.peft_folder import read_folder
from agentx_learn.tuning import out_folder, sft_command, sft_run
from agentx_learn.tuning.card import sha256_of
from agentx_learn.tuning.kept_traces import HELD_OUT, digest_of, read_as_shown, read_kept
from agentx_learn.tuning.sft_data import read_traces
from agentx_learn.tuning.sft_network import LEFT_OUT, Padded, RepliesTrainer, has_plain_head
from transformers import TrainerCallback

from agentx import Agent
from agentx.journal import Journal
from agentx.models import open_model
from agentx.models.scripted import ScriptedModel
from agentx.plugins import load
from agentx.tool import Tool
from tests.cli.conftest import Ran, answer
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.conftest import WIDTH, save_network
from tests.learn.test_sft_data import ROW, USER
from tests.learn.test_tune_encoder import documents, remember

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
    held_out = read_as_shown(out / HELD_OUT, lambda described: Tool.from_schema(**described, function=print))
    assert len(held_out) == 2 and digest_of(held_out) == card["data"]["evaluation"]["held_out_sha256"]
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
    "long traces": (("--dry-run", "--max-tokens", "64"), "All traces that are learnt from are longer than 64 tokens"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_a_sentence(case: str, tune: Callable[..., Ran], workspace: Path) -> None:
    options, sentence = REFUSED[case]
    ran = tune(*options)
    assert ran.code == 2 and ran.out == ""
    assert sentence in ran.err
    assert list(workspace.iterdir()) == []


def test_of_two_sets_the_one_that_is_too_long_is_named(
    cli: Callable[..., Ran], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    asked = [f"Weather in {i}?" for i in range(7)] + ["Weather? " * 900]
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "\n".join(json.dumps({**ROW, "messages": [{**USER, "content": text}, *ROW["messages"][1:]]}) for text in asked)
    )
    judged_by = {seed: read_traces(str(path), 0.1, seed).evaluation[0].tasks[0].request for seed in range(100)}
    seed = next(seed for seed, request in judged_by.items() if request == asked[-1])
    ran = cli("tune", "sft", str(path), "--model", str(tiny("llama")), "--dry-run", "--seed", str(seed))
    assert ran.code == 2
    assert "All traces that judge are longer than 1024 tokens" in ran.err and "by --seed" in ran.err


def test_what_is_refused_behind_the_data_does_not_block_the_folder(tune: Callable[..., Ran], tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert "longer than 64 tokens" in tune("--out", out, "--max-tokens", "64").err
    typo = tune("--out", out, "--model", str(tmp_path / "none"))
    assert typo.code != 0 and "none" in typo.err
    assert tune("--out", out, "--epochs", "1").code == 0


class Breaking(TrainerCallback):
    """Presses Ctrl-C at the second step."""

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_run_on_the_journal_goes_on_though_the_journal_has_grown(
    tune: Callable[..., Ran], cli: Any, tmp_path: Path, own_folders: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(*words: str) -> None:
        with contextlib.closing(Journal.default()) as journal:
            for word in words:
                model = ScriptedModel([answer(f"{word} it is.")])
                Agent(model, [calculate], strategy="react", journal=journal).run_sync(f"Say {word}.")

    calculate = load("agentx.tools", "calculate")
    say(*(f"word{i}" for i in range(9)))
    out, more = tmp_path / "out", ("--out", str(tmp_path / "out"), "--batch", "2")
    with monkeypatch.context() as patched:
        patched.setattr(sft_run, "_trainer", breaking(sft_run._trainer))
        assert tune(*more, data="journal").code == 130
    kept = read_kept(sft_run.kept_in(out, "sft"), {"calculate": calculate}.get)
    assert [trace.tasks[0].request for trace in kept] == [f"Say word{i}." for i in range(9)]
    say("another")
    other = tune(*more, "--resume", "--evaluate", "0.3", data="journal")
    assert other.code == 2 and "began with other values (data was" in other.err
    for number in range(8):
        remember(f"page {number}", *(row["text"] for row in documents(8)[4 * number : 4 * number + 4]))
    verb = cli("tune", "encoder", "memory", "--out", str(out), "--resume")
    assert verb.code == 2 and 'began with other values (command was "sft", is "encoder"' in verb.err
    ran = tune(*more, "--resume", data="journal")
    assert ran.code == 0, ran.err
    assert "going on from step 2" in ran.err
    told = json.loads((out / "card.json").read_text())
    assert told["data"]["training"]["rows"] + told["data"]["evaluation"]["rows"] == 9
    assert told["data"]["training"]["sha256"] == digest_of(kept)
    assert told["data"]["training"]["evaluation_share"] == 0.1
    assert told["parameters"]["alpha"] == 8 and told["parameters"]["scheduler"] == "cosine"
    assert not (out / "checkpoints").exists()


def breaking(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(*args: Any) -> Any:
        trainer = make(*args)
        trainer.add_callback(Breaking())
        return trainer

    return made


def test_a_disk_that_is_full_at_the_end_is_a_sentence_and_the_run_goes_on(
    tune: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")

    more = ("--epochs", "1", "--out", str(tmp_path / "out"))
    with monkeypatch.context() as patched:
        patched.setattr(sft_run, "_saved", full)
        patched.setattr(out_folder.shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
        ran = tune(*more)
    assert ran.code == 1
    assert "out cannot be written (its disk is full); free space, and go on by --resume." in ran.err
    assert tune(*more, "--resume").code == 0
    assert (tmp_path / "out" / "adapter").is_dir()


def test_a_model_is_named_as_settings_name_it(
    cli: Callable[..., Ran], tiny: Callable[[str], Path], rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTX_MODEL", f"transformers:{tiny('llama')}?bits=4&revision=main")
    ran = cli("tune", "sft", str(rows), *FAST, "--dry-run")
    assert ran.code == 0, ran.err
    assert tiny("llama").name in ran.out.splitlines()[0], "the base"
    refused = cli("tune", "sft", str(rows), "--model", "scripted:replies.json", "--dry-run")
    assert refused.code == 2 and refused.err.count("\n") == 1
    assert "`scripted:replies.json` has no weights that could be trained; name others by --model" in refused.err
    for spec, name in (("llama_cpp:smollm2-135m", "smollm2-135m"), ("hf://a/b/c.gguf",) * 2, ("./odd:name",) * 2):
        assert sft_command._weights(spec) == name


def test_options_of_a_model_hold_and_no_name_that_is_written_has_them(
    cli: Callable[..., Ran], tiny: Callable[[str], Path], rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    arguments = sft_run._arguments
    monkeypatch.setattr(sft_run, "_arguments", lambda *each: made.append(arguments(*each)) or made[-1])
    asked = f"{tiny('llama')}?repetition_penalty=1.1&device=cpu"
    more = ("--model", f"transformers:{asked}", *FAST, "--epochs", "1", "--out", str(out := tmp_path / "out"))
    ran = cli("tune", "sft", str(rows), *more)
    assert ran.code == 0, ran.err
    told = json.loads((out / "card.json").read_text())["parameters"]
    assert (told["model"], told["model_as_given"]) == (str(tiny("llama")), asked)
    assert [each.use_cpu for each in made] == [True]
    (out / sft_run.GGUF).touch()
    settings = sft_run.Settings("smollm2-135m?bits=4", 1, 1, 0.1, 4, 64, 0)
    assert "`agentx run --model smollm2-135m --adapter" in sft_run._use(out, settings)


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


def test_a_model_that_changes_logits_behind_its_head_is_known(tiny: Callable[[str], Path]) -> None:
    import transformers

    shared = {"num_key_value_heads": 2, "vocab_size": 64, "pad_token_id": 0, **WIDTH}
    kind: Any = transformers.AutoModelForCausalLM
    plain = [kind.from_pretrained(tiny(name)).eval() for name in ("llama", "gpt2", "qwen2")]
    scaled = kind.from_config(transformers.GraniteConfig(logits_scaling=8.0, **shared)).eval()
    capped = kind.from_config(
        transformers.Gemma2Config(final_logit_softcapping=30.0, head_dim=12, initializer_range=0.3, **shared)
    ).eval()
    assert [has_plain_head(network, 5) for network in (*plain, scaled, capped)] == [True, True, True, False, False]


def test_a_model_that_scales_its_logits_learns_with_them(
    cli: Callable[..., Ran], rows: Path, tmp_path: Path, tiny: Callable[[str], Path]
) -> None:
    import transformers

    folder = tmp_path / "granite"
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(tiny("llama"))
    tokenizer.save_pretrained(folder)
    shared = {"num_key_value_heads": 2, "vocab_size": len(tokenizer), "eos_token_id": 2, "bos_token_id": 0, **WIDTH}
    save_network(folder, transformers.GraniteConfig(logits_scaling=8.0, max_position_embeddings=1024, **shared))
    ran = cli("tune", "sft", str(rows), "--model", str(folder), *FAST, "--epochs", "1", "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    metrics = json.loads((tmp_path / "out" / "card.json").read_text())["metrics"]
    assert metrics["loss_unseen"] < metrics["loss_unseen_before"]
