"""What a person sees of training on stderr: a bar on a terminal, sparse lines elsewhere, and a line an evaluation."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from agentx.cli.text import is_terminal
from agentx_learn.counted import counted

LINE_S = 10.0


class TrainingBar(TrainerCallback):
    """Args:
    shown: figures of an evaluation that are told, as the Trainer calls them without `eval_` -> as a person reads.
    """

    def __init__(self, shown: Mapping[str, str]) -> None:
        self._shown = shown
        self._bar: Any = None
        self._task: Any = None
        self._told_at = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._told_at = time.monotonic()
        if not is_terminal(sys.stderr):
            return
        self._bar = counted()
        self._task = self._bar.add_task("steps", total=state.max_steps, completed=state.global_step)
        self._bar.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=state.global_step)
        elif time.monotonic() - self._told_at >= LINE_S:
            self._say(f"step {state.global_step:,} of {state.max_steps:,}")

    def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        metrics: Mapping[str, float] = more["metrics"]
        figures = [f"{text} {metrics[f'eval_{name}']:.4f}" for name, text in self._shown.items()]
        self._say(f"epoch {state.epoch:g} of {args.num_train_epochs:g}: {', '.join(figures)}")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Takes the bar off the terminal, whatever ended the training."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = None

    def _say(self, line: str) -> None:
        self._told_at = time.monotonic()
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            sys.stderr.write(f"{line}\n")
