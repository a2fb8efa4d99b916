"""What a person sees of a gate on stderr: a bar on a terminal, sparse lines elsewhere."""

import sys
import time
from contextlib import AbstractContextManager
from typing import Any

from agentx.cli.text import is_terminal, one_line
from agentx_learn.counted import counted
from agentx_learn.gating.cases import PARTS, Case, Seen

LINE_S = 10.0


class GateBar(AbstractContextManager["GateBar"]):
    """Args:
    runs: that are to be made, under base and adapter together.
    """

    def __init__(self, runs: int) -> None:
        self._runs, self._done = runs, 0
        self._told_at = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "GateBar":
        if self._runs and is_terminal(sys.stderr):
            self._bar = counted()
            self._task = self._bar.add_task("runs", total=self._runs)
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = None

    def take(self, case: Case, seen: Seen) -> None:
        """A run has ended."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(
                self._task, completed=self._done, description=one_line(f"{PARTS[case.part]}: {case.id}", 40)
            )
        elif time.monotonic() - self._told_at >= LINE_S or self._done == self._runs:
            self._told_at = time.monotonic()
            sys.stderr.write(f"{self._done:,} of {self._runs:,} runs, {PARTS[case.part]}\n")
