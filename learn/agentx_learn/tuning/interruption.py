"""Ctrl-C ends training after the step in hand, with a checkpoint from which it goes on as if nothing had been."""

import contextlib
import os
import signal
import threading
from types import FrameType
from typing import Any

from transformers import TrainerCallback


class Interruption(TrainerCallback):
    """Takes SIGINT while it is entered; a second one ends the process at once.

    Attributes:
        asked: whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.asked = False
        self._takes = False
        self._before: Any = None

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._take)
            self._takes = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._takes:
            # None stands for a handler that Python did not set and cannot set again.
            signal.signal(signal.SIGINT, signal.SIG_DFL if self._before is None else self._before)
            self._takes = False

    def ask(self) -> None:
        """As Ctrl-C does."""
        self.asked = True

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.asked:
            control.should_training_stop = True
            # The end of an epoch writes one itself, after it has looked how good the model is.
            control.should_save = control.should_save or not _at_end_of_epoch(state)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.asked and not _at_end_of_epoch(state):
            control.should_evaluate = control.should_save = control.should_log = False

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.asked:
            control.should_training_stop = True

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.ask()
        # Not through sys.stderr, which the step that was broken into may be writing to.
        with contextlib.suppress(OSError):
            os.write(2, b"\nStopping after this step, with a checkpoint; Ctrl-C once more stops at once.\n")


def _at_end_of_epoch(state: Any) -> bool:
    # A sum of fractions of steps, so that it may be a little off.
    return abs(state.epoch - round(state.epoch)) < 1e-6
