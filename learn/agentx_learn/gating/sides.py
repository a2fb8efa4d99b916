"""What is compared in a gate: the base, the adapter, and the adapter under which the model runs by default so far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentx.errors import ModelError
from agentx.model import Model
from agentx.models.default_adapters import Passed, history, known
from agentx_learn.gating.cases import Case, Seen
from agentx_learn.gating.verdict import Verdict, judged

Opened = Callable[[Model, Path], Model]
"""Gives a model under the adapter of a file; see `agentx.models.adapters.under`."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Attributes:
    models: base and adapter; behind them the model under its present default, where that is another one.
    present: the default when the gate began; None where the model runs without.
    rolled_back: how often the adapter was a default that somebody took back.
    notes: what a person should know of this before the runs, a sentence each.
    """

    models: Sequence[Model]
    present: Passed | None = None
    rolled_back: int = 0
    notes: Sequence[str] = ()

    def judged(self, outcomes: Sequence[tuple[Case, Sequence[Seen]]]) -> Verdict:
        """Args:
        outcomes: each case with what came of it under each of the models.
        """
        beside = [(case, seen[2], seen[1]) for case, seen in outcomes] if len(self.models) > 2 else []
        return judged([(case, seen[0], seen[1]) for case, seen in outcomes], beside)


def opened(base: Model, adapter: Model, sha256: str, name: str, under: Opened) -> Sides:
    """Args:
        sha256: of the adapter's file.
        name: of the model, as the user calls it.

    Raises:
        StorageError: the record of default adapters cannot be read.
        ModelError: the present default cannot be loaded, or its file has changed just now.
    """
    models, notes = [base, adapter], list[str]()
    back = sum(each.sha256 == sha256 for each in history(base.identity)[1])
    if back:
        times = "once" if back == 1 else f"{back} times"
        notes.append(
            f"This adapter was the default of {name} before and was rolled back {times}; what was measured before that "
            "does not count."
        )
    present = known(base.identity, name)
    if present.problem:
        notes.append(present.problem)
    if present.adapter and present.adapter.sha256 != sha256:
        path = present.adapter.path
        third = under(base, Path(path))
        if getattr(third, "adapter", present.adapter.sha256) != present.adapter.sha256:
            raise ModelError(f"{path} was changed while it was loaded; run the gate again.")
        models.append(third)
        notes.append(f"{name} runs under {path} by default, and the adapter must not be shown worse than that.")
    return Sides(models, present.adapter, back, notes)
