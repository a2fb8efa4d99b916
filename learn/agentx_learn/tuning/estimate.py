"""How long training will take, by a few steps that are made and thrown away."""

import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerCallback, TrainingArguments

from agentx_learn.tuning.lengths import shown_s as shown_s
from agentx_learn.tuning.training import hushed, on_one_device

STEPS = 4
EVALUATION_SHARE = 1 / 3
"""Of a training step, that a batch of the same size takes to be judged: the way forward alone."""


class _Clock(TrainerCallback):
    def __init__(self) -> None:
        self.took_s: list[float] = []
        self._began = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.took_s.append(time.monotonic() - self._began)


def step_s(make_trainer: Callable[[TrainingArguments], Trainer], arguments: TrainingArguments) -> float:
    """Seconds of a step: the mean of a few on random batches, the first one left out.

    The model of the trainer has learnt from them: throw it away.

    Args:
        make_trainer: makes the trainer as for the real run, but with these arguments.
        arguments: of the real run; nothing is written to its folder.
    """
    clock = _Clock()
    with tempfile.TemporaryDirectory() as scratch:
        few = dataclasses.replace(
            arguments,
            output_dir=str(Path(scratch)),
            max_steps=STEPS,
            save_strategy="no",
            eval_strategy="no",
            load_best_model_at_end=False,
        )
        trainer = hushed(make_trainer(on_one_device(few)))
        trainer.add_callback(clock)
        trainer.train()
    return statistics.fmean(clock.took_s[1:] or clock.took_s)
