"""A tiny BERT with random weights learns for real, through the command line as a person would."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from agentx_learn import windowed
from agentx_learn.encoders.onnx_classifier import OnnxClassifier
from agentx_learn.injection.guard import CUT_FILE
from agentx_learn.tuning import classifier_run
from agentx_learn.tuning.base import encoder
from agentx_learn.tuning.card import Card, sha256_of, write_card
from agentx_learn.tuning.classifier_data import Columns, read_sets
from agentx_learn.tuning.classifier_run import Settings, fit, request_of
from agentx_learn.tuning.confusion import judged
from agentx_learn.tuning.guard_command import put_in_place
from agentx_learn.tuning.interruption import Interruption
from agentx_learn.tuning.out_folder import OutFolder, drop_unfinished
from filelock import FileLock

from agentx.errors import ModelError, StorageError, UsageError
from agentx.models.progress import SilentProgress
from tests.cli.conftest import COMMAND, Ran, environment
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.toy import FAST, lines, save_encoder, write_csv


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("data") / "toy.csv", lines(120))


@pytest.fixture(scope="session")
def tuned(base: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Folder, stdout and stderr of a run of its own process."""
    folder = tmp_path_factory.mktemp("tuned") / "judge"
    test = write_csv(data.parent / "test.csv", lines(60, seed=7))
    command = [*COMMAND, "tune", "classifier", str(data), "--out", str(folder), "--model", str(base), *FAST]
    done = subprocess.run(
        [*command, "--test", str(test)], capture_output=True, text=True, timeout=240, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout, done.stderr


def card(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def test_it_learns_what_it_did_not_know(tuned: tuple[Path, str, str]) -> None:
    folder, out, err = tuned
    figures = card(folder)["metrics"]
    assert figures["by_epoch"][0]["loss"] > 2 * figures["by_epoch"][-1]["loss"]
    assert figures["test accuracy"] >= 0.9
    assert figures["test macro_f1"] >= 0.9
    assert f"test: accuracy {figures['test accuracy']:.4f}" in out
    assert "true \\ told" in out
    assert "epoch 1 of 12: loss" in err
    assert "Traceback" not in err and "shards" not in err


def test_the_result_judges_without_torch(tuned: tuple[Path, str, str], cli: Callable[..., Ran]) -> None:
    script = (
        "import sys\nsys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from agentx.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, "classify", str(tuned[0]), "one big plum and my old cherry"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("fruit "), done.stderr
    texts = [text for text, _ in lines(40, seed=5)]
    told = [verdict.label for verdict in OnnxClassifier(tuned[0], threads=1).classify(texts)]
    by_torch = cli("classify", str(tuned[0] / "torch"), "\n".join(texts), "--lines").out.split()[::2]
    assert sum(mine == theirs for mine, theirs in zip(told, by_torch, strict=True)) >= 38


def test_the_card_tells_what_it_was_made_of(tuned: tuple[Path, str, str], data: Path) -> None:
    folder = tuned[0]
    told = card(folder)
    assert told["base_licence"] == "cc0-1.0"
    assert told["data"]["training"]["sha256"] == sha256_of(data)
    assert told["data"]["training"]["rows"] + told["data"]["evaluation"]["rows"] == 120
    assert told["parameters"]["seed"] == 0 and told["parameters"]["learning_rate"] == 0.01
    assert {"scheduler", "optimizer", "device", "threads"} <= told["parameters"].keys()
    assert told["data"]["training"]["columns"]["text"] == "text" and told["data"]["evaluation"]["share"] == 0.15
    assert told["files"]["model.onnx"] == sha256_of(folder / "model.onnx")
    assert {"torch", "transformers", "agentx"} <= told["versions"].keys()
    assert sum(map(sum, told["metrics"]["confusion"]["test"])) == 60
    text = (folder / "card.md").read_text(encoding="utf-8")
    assert "Licence of the base: cc0-1.0." in text
    assert "| true \\ told | fruit | vehicle |" in text
    assert (folder / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "checkpoints").exists()


def test_a_dry_run_tells_sizes_and_time_and_writes_nothing(
    cli: Callable[..., Ran], base: Path, data: Path, workspace: Path
) -> None:
    ran = cli("tune", "classifier", str(data), "--model", str(base), *FAST, "--dry-run", "--out", "made")
    assert ran.code == 0
    told = dict(line.split("  ", 1) for line in ran.out.splitlines())
    assert told["training rows"].strip() == "102 (fruit 51, vehicle 51)"
    assert told["steps"].strip() == "13 an epoch, 156 at most"
    assert "s a step" in told["time"]
    assert list(workspace.iterdir()) == []


def test_a_dry_run_counts_as_cut_what_the_model_has_no_room_for(
    cli: Callable[..., Ran], base: Path, tmp_path: Path
) -> None:
    rows = [(" ".join([text] * 5), label) for text, label in lines(40)]
    data = write_csv(tmp_path / "long.csv", rows)
    ran = cli("tune", "classifier", str(data), "--model", str(base), *FAST, "--max-tokens", "1024", "--dry-run")
    assert ran.code == 0, ran.err
    told = dict(line.split("  ", 1) for line in ran.out.splitlines())
    assert told["rows cut short"].strip() == f"{told['training rows'].split()[0]} at 32 tokens"


def test_a_dry_run_without_memory_is_a_sentence(
    cli: Callable[..., Ran], base: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    monkeypatch.setattr(transformers.Trainer, "train", full)
    ran = cli("tune", "classifier", str(data), "--model", str(base), *FAST, "--dry-run")
    assert ran.code == 4 and ran.out == "" and ran.err.count("\n") == 1
    assert "There is no memory for a step of training; choose a smaller --batch" in ran.err


class Breaking(transformers.TrainerCallback):
    """Presses Ctrl-C at a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self._step:
            os.kill(os.getpid(), signal.SIGINT)


class NeverBetter(transformers.TrainerCallback):
    """Has the first evaluation be the best one that could be, and those after it no better."""

    def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        more["metrics"]["eval_macro_f1"] = 1.0


def test_a_run_that_had_stopped_early_is_not_trained_on(
    base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = read_sets(str(data), Columns(), "0.15", None, 3)
    settings = Settings(str(base), 6, 1, 8, 0.01, 16, 3)

    def steps(resume: bool) -> tuple[int, float, str]:
        out = OutFolder(tmp_path / "out", "classifier", request_of(sets, settings), resume=resume)
        with out.held():
            done = fit(sets, settings, out, [NeverBetter()])
        network: Any = done.trainer.model
        network.save_pretrained(tmp_path / "weights")
        return done.trained.steps, done.trained.loss, sha256_of(tmp_path / "weights" / "model.safetensors")

    first = steps(False)
    # The process is killed before the result is written.
    went_on = steps(True)
    assert "going on from step 26" in capsys.readouterr().err
    assert (first[0], went_on[0]) == (26, 26), "of 13 an epoch, the second was no better"
    assert went_on[2] == first[2]
    assert went_on[1] > 0, "the loss of no step is told as it was noted last"


def fitted(base: Path, data: Path, folder: Path, *, epochs: int, seed: int, break_at: int = 0) -> str:
    """SHA-256 of the weights."""
    sets = read_sets(str(data), Columns(), "0.15", None, seed)
    settings = Settings(str(base), epochs, epochs, 8, 0.01, 16, seed)
    out = OutFolder(folder, "classifier", request_of(sets, settings))
    with out.held():
        done = fit(sets, settings, out, [Breaking(break_at)] if break_at else [])
    network: Any = done.trainer.model
    network.save_pretrained(folder / "weights")
    return sha256_of(folder / "weights" / "model.safetensors")


def test_the_same_seed_gives_the_same_weights(base: Path, data: Path, tmp_path: Path) -> None:
    first, second, third = (
        fitted(base, data, tmp_path / name, epochs=1, seed=seed) for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert first == second != third


def test_after_ctrl_c_it_goes_on_as_if_nothing_had_been(
    base: Path, data: Path, tmp_path: Path, cli: Callable[..., Ran], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = fitted(base, data, tmp_path / "whole", epochs=4, seed=3)
    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        fitted(base, data, broken, epochs=4, seed=3, break_at=20)  # of 13 an epoch
    assert "Stopped: step 20 is kept; the same command with --resume goes on." in capsys.readouterr().err
    command = ["tune", "classifier", str(data), "--model", str(base), "--seed", "3", "--out", str(broken)]
    command += ["--epochs", "4", "--patience", "4", "--learning-rate", "0.01", "--batch", "8", "--max-tokens", "16"]
    refused = cli(*command)
    assert refused.code == 2
    assert "--resume goes on with it" in refused.err
    other = cli(*command, "--resume", "--batch", "4")
    assert other.code == 2
    assert "batch was 8, is 4" in other.err
    went_on = cli(*command, "--resume")
    assert went_on.code == 0, went_on.err
    assert "going on from step 20" in went_on.err
    assert card(broken)["files"]["torch/model.safetensors"] == whole
    assert [row["epoch"] for row in card(broken)["metrics"]["by_epoch"]] == [1, 2, 3, 4]
    done = cli(*command, "--resume")
    assert done.code == 2
    assert "is finished" in done.err


def test_a_run_that_goes_on_in_a_folder_that_was_moved_ends_with_its_best_weights(
    base: Path, data: Path, tmp_path: Path
) -> None:
    sets = read_sets(str(data), Columns(), "0.15", None, 3)
    settings = Settings(str(base), 3, 3, 8, 0.01, 16, 3)

    def weights(name: str, *, resume: bool) -> str:
        out = OutFolder(tmp_path / name, "classifier", request_of(sets, settings), resume=resume)
        with out.held():
            done = fit(sets, settings, out, [NeverBetter()])
        network: Any = done.trainer.model
        network.save_pretrained(tmp_path / "weights")
        return sha256_of(tmp_path / "weights" / "model.safetensors")

    best = weights("first", resume=False)  # that of its first epoch
    # The process is killed before the result is written.
    (tmp_path / "first").rename(tmp_path / "moved")
    assert weights("moved", resume=True) == best


def test_ctrl_c_at_the_end_of_an_epoch_keeps_what_was_found_there(base: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fitted(base, data, tmp_path / "broken", epochs=3, seed=3, break_at=26)
    state = json.loads((tmp_path / "broken/checkpoints/checkpoint-26/trainer_state.json").read_text(encoding="utf-8"))
    assert [entry["epoch"] for entry in state["log_history"] if "eval_macro_f1" in entry] == [1.0, 2.0]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty; or name another --out"):
        OutFolder(tmp_path, "classifier", {}).check()
    with pytest.raises(UsageError, match="holds no run to go on with"):
        OutFolder(tmp_path, "classifier", {}, resume=True).check()
    with pytest.raises(UsageError, match="is a file"):
        OutFolder(tmp_path / "letter.txt", "classifier", {}).check()
    with OutFolder(tmp_path / "new", "classifier", {}).held():
        started = time.monotonic()
        with (
            pytest.raises(StorageError, match="Another process trains into"),
            OutFolder(tmp_path / "new", "classifier", {}, resume=True).held(),
        ):
            pass
        assert time.monotonic() - started < 30


def test_what_is_refused_before_the_first_checkpoint_leaves_the_folder_free(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match="no such model"),
        OutFolder(tmp_path / "new", "sft", {"model": "typo"}).held() as out,
    ):
        (out.checkpoints / "checkpoint-3").mkdir()  # and killed before it was whole
        raise ModelError("no such model")
    with pytest.raises(UsageError, match=r'model was "typo", is "right"\); give the same, or leave out --resume'):
        OutFolder(tmp_path / "new", "sft", {"model": "right"}, resume=True).check()
    with OutFolder(tmp_path / "new", "sft", {"model": "right"}).held() as out:
        assert list(out.checkpoints.iterdir()) == []
        (out.checkpoints / "checkpoint-3").mkdir()
        (out.checkpoints / "checkpoint-3" / "trainer_state.json").write_text("{}")
    with pytest.raises(UsageError, match="--resume goes on with it"):
        OutFolder(tmp_path / "new", "sft", {"model": "right"}).check()
    (tmp_path / "mine" / "checkpoints").mkdir(parents=True)
    with pytest.raises(UsageError, match="not empty"):
        OutFolder(tmp_path / "mine", "sft", {}).check()


def test_only_what_fails_in_the_folder_is_told_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = tmp_path / "new" / "model.onnx", tmp_path / "other"
    full = OSError(errno.ENOSPC, "No space left on device")
    for error in (OSError(errno.EACCES, "Permission denied", str(inside)), full):
        with pytest.raises(StorageError, match="new cannot be written"), OutFolder(tmp_path / "new", "sft", {}).held():
            raise error
    with pytest.raises(FileNotFoundError), OutFolder(tmp_path / "new", "sft", {}).held():
        outside.read_bytes()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"), OutFolder(tmp_path / "file" / "new", "sft", {}).held():
        pass

    def denied(_: Path) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(StorageError, match=r"cannot be read \(Permission denied\); name another --out"):
        OutFolder(tmp_path / "new", "sft", {}).check()


def test_what_the_libraries_raise_for_memory_and_disks_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raised(error: Exception) -> Exception:
        with pytest.raises(Exception, match=".*") as caught, OutFolder(tmp_path / "new", "sft", {}).held():
            raise error
        return caught.value

    allocator = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes. Error code 12"
    for error in (MemoryError(), RuntimeError(allocator), OSError(errno.ENOMEM, "Cannot allocate memory")):
        assert isinstance(told := raised(error), ModelError) and "There is no memory for a step" in str(told)
    unwritten = RuntimeError("Error while serializing: I/O error")
    assert raised(unwritten) is unwritten, "a disk with room is not full"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    assert isinstance(told := raised(unwritten), StorageError)
    assert str(told).endswith("new cannot be written (its disk is full); free space, or name another --out.")
    assert raised(other := RuntimeError("shapes differ")) is other


def test_the_folder_is_looked_at_again_once_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acquire = FileLock.acquire

    def late(self: Any, *args: Any, **more: Any) -> Any:
        (tmp_path / "new" / "model.onnx").write_text("of another process")
        return acquire(self, *args, **more)

    monkeypatch.setattr(FileLock, "acquire", late)
    with pytest.raises(UsageError, match="not empty"), OutFolder(tmp_path / "new", "sft", {}).held():
        pass
    assert (tmp_path / "new" / "model.onnx").read_text() == "of another process"


def test_a_name_that_is_no_utf_8_can_be_noted(tmp_path: Path) -> None:
    request = {"data": "\udcff.jsonl"}
    with OutFolder(tmp_path / "new", "sft", request).held() as out:
        write_card(Card("x", "\udcff", "", {"training": {"name": "\udcff"}}, {}, {}), out.path)
    OutFolder(tmp_path / "new", "sft", request, resume=True).check()
    assert card(tmp_path / "new")["base"] == "\udcff"


def test_other_columns_and_another_share_are_another_run(data: Path) -> None:
    sets = [read_sets(str(data), Columns(), share, None, 0) for share in ("0.15", "0.151")]
    settings = Settings("m", 1, 1, 8, 0.01, 16, 0)
    assert [len(one.evaluation.texts) for one in sets] == [18, 18]
    assert request_of(sets[0], settings) != request_of(sets[1], settings)
    named = read_sets(str(data), Columns(group="text"), "0.15", None, 0)
    assert request_of(replace(sets[0], training=named.training), settings) != request_of(sets[0], settings)


def test_ctrl_c_gives_back_the_handler_that_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[Any] = []
    for before, after in ((signal.SIG_IGN, signal.SIG_IGN), (None, signal.SIG_DFL)):
        monkeypatch.setattr(signal, "signal", lambda _, handler, before=before: (set_to.append(handler), before)[1])
        with Interruption():
            pass
        assert set_to[-1] == after


def test_a_checkpoint_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    out = OutFolder(tmp_path / "new", "classifier", {})
    with out.held():
        pass
    for step, state in ((9, "{}"), (10, "{}"), (11, '{"cut')):
        (out.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
        (out.checkpoints / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    newest = out.latest_checkpoint()
    assert newest is not None and newest.name == "checkpoint-10", "what is told of a break is true"
    again = OutFolder(tmp_path / "new", "classifier", {}, resume=True)
    with again.held():
        newest = again.latest_checkpoint()
    assert newest is not None and newest.name == "checkpoint-10"


def test_the_texts_of_the_guard_can_be_learnt_from(cli: Callable[..., Ran], base: Path) -> None:
    ran = cli("tune", "guard", "--model", str(base), "--dry-run")
    assert ran.code == 0, ran.err
    told = dict(line.split("  ", 1) for line in ran.out.splitlines())
    assert "benign" in told["training rows"]
    assert "injection" in told["test rows"]
    assert not windowed.trained("injection").parent.exists()


def test_a_new_guard_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    place, made = tmp_path / "injection", tmp_path / "injection.training"
    for text in ("first", "second"):
        made.mkdir()
        (made / "card.md").write_text(text)
        put_in_place(made, place)
        assert (place / "card.md").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["injection"]
    with pytest.raises(StorageError, match="move it by hand"):
        put_in_place(made, place)
    assert (place / "card.md").exists()


def test_a_guard_that_cannot_be_put_in_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, made = tmp_path / "injection", tmp_path / "injection.training"
    for folder in (place, made):
        folder.mkdir()
        (folder / "card.md").write_text(folder.name)
    rename = Path.rename

    def busy(self: Path, target: Path) -> Path:
        if self == made:
            raise PermissionError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(StorageError, match="move it by hand"):
        put_in_place(made, place)
    assert (place / "card.md").read_text() == "injection"
    assert (made / "card.md").exists()


def test_a_guard_that_was_finished_and_not_put_in_place_is_put_there_by_resume(
    cli: Callable[..., Ran], base: Path, own_folders: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = windowed.trained("injection").with_name("injection.training")

    def trained(sets: Any, settings: Any, folder: Path, *, resume: bool, told: Any) -> Path:
        out = OutFolder(folder, "classifier", request_of(sets, settings), resume=resume)
        with out.held():
            (folder / "card.json").write_text(json.dumps(dict(told)))
            out.finish()
        raise KeyboardInterrupt

    monkeypatch.setattr(classifier_run, "run", trained)
    assert cli("tune", "guard", "--model", str(base)).code == 130
    assert beside.is_dir() and not windowed.trained("injection").exists()
    other = cli("tune", "guard", "--model", str(base), "--seed", "1", "--resume")
    assert other.code == 2 and "is finished" in other.err
    assert cli("tune", "guard", "--model", str(base), "--resume").code == 0
    assert json.loads((windowed.trained("injection") / CUT_FILE).read_text()) == card(windowed.trained("injection"))
    assert not beside.exists()


def test_what_a_run_has_left_is_dropped_unless_another_process_writes_it(tmp_path: Path) -> None:
    out = OutFolder(tmp_path / "left", "classifier", {})
    with out.held(), pytest.raises(StorageError, match="Another process trains"):
        drop_unfinished(out.path)
    assert out.path.is_dir()
    drop_unfinished(out.path)
    assert not out.path.exists()
    drop_unfinished(out.path)


def test_what_is_no_encoder_is_a_sentence(tmp_path: Path, base: Path, data: Path, cli: Callable[..., Ran]) -> None:
    for name, sentence in (
        (str(tmp_path), "holds no model of transformers"),
        (str(tmp_path / "none"), "There is no folder"),
        ("qwen2.5-coder-1.5b", "is no encoder that could be trained"),
    ):
        with pytest.raises(ModelError, match=sentence), encoder(name, SilentProgress()):
            pass
    with encoder(str(base), SilentProgress()) as found:
        assert (found.source, found.licence) == (str(base), "cc0-1.0")
    ran = cli("tune", "classifier", str(data))
    assert ran.code == 2 and "--out DIR" in ran.err


def test_without_the_extra_the_command_says_what_to_install(
    cli: Callable[..., Ran], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for verb in (("classifier", str(data), "--out", "made"), ("guard",)):
        ran = cli("tune", *verb)
        assert ran.code == 2
        assert ran.err.count("\n") == 1
        assert "needs sklearn, which the extra `learn` brings: pip install 'agentx-local[learn]'." in ran.err


def test_figures_are_those_of_a_count_by_hand() -> None:
    found = judged(["a", "a", "b", "b"], ["a", "b", "b", "b"], ["a", "b", "c"])
    assert found.matrix == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert found.accuracy == 0.75
    assert found.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
