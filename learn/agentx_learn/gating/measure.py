"""Runs the cases under base and adapter in turn, so that whatever changes on the machine meanwhile meets both alike."""

from collections.abc import Callable, Sequence

from agentx.errors import ModelError
from agentx.model import Model
from agentx_learn.gating.cases import Case, Seen
from agentx_learn.gating.kept import Kept

Told = Callable[[Case, Seen], None]


async def measure(
    cases: Sequence[Case], base: Model, adapter: Model, kept: Kept, told: Told = lambda case, seen: None
) -> list[tuple[Case, Seen, Seen]]:
    """Runs what is not kept yet; returns each case with what came of it under the base, and under the adapter.

    Args:
        told: hears of each run that has ended.

    Raises:
        ModelError, StorageError: the model or the disk failed; what had ended before is kept.
    """
    for number, case in enumerate(cases):
        sides = (base, adapter) if number % 2 == 0 else (adapter, base)
        for model in sides:
            if kept.get(case, model.identity) is None:
                seen = await case.run(model)
                _require_open(model)
                kept.add(case, model.identity, seen)
                told(case, seen)
    return [(case, _of(kept, case, base), _of(kept, case, adapter)) for case in cases]


def missing(cases: Sequence[Case], base: Model, adapter: Model, kept: Kept) -> list[Case]:
    """The runs that are not kept yet, each as its case."""
    return [case for case in cases for model in (base, adapter) if kept.get(case, model.identity) is None]


def _of(kept: Kept, case: Case, model: Model) -> Seen:
    seen = kept.get(case, model.identity)
    assert seen is not None
    return seen


def _require_open(model: Model) -> None:
    """Raises ModelError where the model was closed: runs that it failed are no outcomes."""
    if getattr(model, "closed", False):
        raise ModelError(
            f"{model.name} was closed while the gate was on; run the gate again, and it goes on from here."
        )
