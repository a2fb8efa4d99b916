"""One run of the `Trainer`: arguments that make it reproducible, going on from a checkpoint, Ctrl-C."""

import contextlib
import json
import sys
import time
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
import transformers
from transformers import EarlyStoppingCallback, PrinterCallback, ProgressCallback, Trainer, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME

from agentx.cpus import default_threads
from agentx_learn.loading import no_bars, quiet
from agentx_learn.tuning.bar import TrainingBar
from agentx_learn.tuning.interruption import Interruption
from agentx_learn.tuning.out_folder import OutFolder


@dataclass(frozen=True, slots=True)
class Trained:
    """Attributes:
    steps: optimizer steps, those before a break included.
    epochs: as far as it came.
    loss: mean over this run's steps; as it was noted last where no step was left to be made.
    wall_s, cpu_s: of this run alone.
    """

    steps: int
    epochs: float
    loss: float
    wall_s: float
    cpu_s: float


@contextlib.contextmanager
def seeded(seed: int) -> Generator[None]:
    """Within it everything random follows from the seed. On a CPU the same seed, data, libraries and number of
    threads give the same weights to the bit; a GPU may differ in the last digits."""
    deterministic, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    transformers.set_seed(seed)
    torch.set_num_threads(default_threads())
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic)
        torch.set_num_threads(threads)


def arguments(folder: Path, *, seed: int, **options: Any) -> TrainingArguments:
    """Arguments of the Trainer: silent, seeded, on one GPU where there is one; options are the Trainer's own.

    Leave `train_sampling_strategy` as it is: batches of like length are drawn from a generator that no checkpoint
    keeps, so that a run that goes on within an epoch would see other rows.
    """
    with quiet():
        return on_one_device(
            TrainingArguments(
                output_dir=str(folder),
                seed=seed,
                data_seed=seed,
                disable_tqdm=True,
                report_to="none",
                dataloader_pin_memory=False,
                restore_callback_states_from_checkpoint=True,
                **options,
            )
        )


class Pace(Protocol):
    """How a command was told to learn."""

    @property
    def seed(self) -> int: ...

    @property
    def epochs(self) -> int: ...

    @property
    def batch(self) -> int: ...

    @property
    def learning_rate(self) -> float: ...


def by_epochs(folder: Path, pace: Pace, best: str, *, greater_is_better: bool, **options: Any) -> TrainingArguments:
    """As `arguments`, of a run that is judged and kept after each epoch, and ends with the best one.

    Args:
        best: the figure that is compared, as the Trainer calls it without `eval_`.
    """
    return arguments(
        folder,
        seed=pace.seed,
        num_train_epochs=pace.epochs,
        per_device_train_batch_size=pace.batch,
        per_device_eval_batch_size=pace.batch,
        learning_rate=pace.learning_rate,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=best,
        greater_is_better=greater_is_better,
        **options,
    )


def on_one_device(arguments: TrainingArguments) -> TrainingArguments:
    """The arguments, by which several GPUs do not make a batch of several: `--batch` means what it says."""
    changed: Any = arguments
    changed._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def decided(trainer: Trainer) -> dict[str, Any]:
    """What decides a result beside the options of its command, for the card."""
    options: Any = trainer.args
    return {
        "optimizer": str(options.optim.value),
        "scheduler": str(options.lr_scheduler_type.value),
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "device": str(options.device),
        "threads": default_threads(),
    }


def hushed(trainer: Trainer) -> Trainer:
    """The trainer without the lines that it prints to stdout, which belongs to answers."""
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    return trainer


def train(trainer: Trainer, out: OutFolder, bar: TrainingBar) -> Trained:
    """Trains to the end, from the folder's newest checkpoint where there is one, unless that had stopped early.

    Args:
        trainer: as `hushed` gives it, writing its checkpoints to `out.checkpoints`.

    Raises:
        KeyboardInterrupt: Ctrl-C; a checkpoint lies in the folder, and a line on stderr tells how to go on.
        Exception: whatever the libraries raise where memory or the disk ends; `OutFolder.held` makes sentences of it.
    """
    from_checkpoint = out.latest_checkpoint()
    if from_checkpoint is not None:
        sys.stderr.write(f"going on from step {from_checkpoint.name.rpartition('-')[2]}\n")
        _keep_early_stop(trainer, from_checkpoint)
        _find_best(from_checkpoint)
    begun = int(from_checkpoint.name.rpartition("-")[2]) if from_checkpoint is not None else 0
    wall, cpu = time.monotonic(), time.process_time()
    with Interruption() as interruption, no_bars():
        trainer.add_callback(bar)
        trainer.add_callback(interruption)
        try:
            done: Any = trainer.train(resume_from_checkpoint=str(from_checkpoint) if from_checkpoint else None)
        except KeyboardInterrupt:
            _tell_break(out)
            raise
        finally:
            bar.close()
    if interruption.asked:
        _tell_break(out)
        raise KeyboardInterrupt
    return Trained(
        steps=trainer.state.global_step,
        epochs=round(float(trainer.state.epoch or 0.0), 4),
        loss=float(done.training_loss) if trainer.state.global_step > begun else _last_loss(trainer),
        wall_s=time.monotonic() - wall,
        cpu_s=time.process_time() - cpu,
    )


def history(trainer: Trainer, names: Sequence[str]) -> list[dict[str, float]]:
    """Of each evaluation so far the epoch and those figures, named without `eval_`."""
    return [
        {"epoch": round(entry["epoch"], 4), **{name: entry[f"eval_{name}"] for name in names}}
        for entry in trainer.state.log_history
        if all(f"eval_{name}" in entry for name in names)
    ]


def _keep_early_stop(trainer: Trainer, checkpoint: Path) -> None:
    """Where training had stopped early, and its process ended behind that: the Trainer itself would train on."""
    state = json.loads((checkpoint / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
    stopping = (state.get("stateful_callbacks") or {}).get(EarlyStoppingCallback.__name__)
    if not stopping:
        return
    patience = stopping["args"]["early_stopping_patience"]
    if stopping["attributes"]["early_stopping_patience_counter"] >= patience:
        trainer.args.num_train_epochs = round(state["epoch"])


def _find_best(checkpoint: Path) -> None:
    """Has a checkpoint name the best one where it lies now: in a folder that was moved the Trainer would find none at
    the old place, and end with the last weights."""
    path = checkpoint / TRAINER_STATE_NAME
    state = json.loads(path.read_text(encoding="utf-8"))
    told = state.get("best_model_checkpoint")
    if not told or (best := checkpoint.with_name(Path(told).name)) == Path(told):
        return
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps({**state, "best_model_checkpoint": str(best)}, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def _last_loss(trainer: Trainer) -> float:
    return next(float(entry["loss"]) for entry in reversed(trainer.state.log_history) if "loss" in entry)


def _tell_break(out: OutFolder) -> None:
    kept = out.latest_checkpoint()
    what = (
        f"step {kept.name.rpartition('-')[2]} is kept; the same command with --resume goes on"
        if kept
        else "no step was kept yet; the same command begins anew"
    )
    sys.stderr.write(f"Stopped: {what}.\n")
