"""Runs the cases under all sides in turn, so that whatever changes on the machine meanwhile meets them alike."""

from collections.abc import Callable, Sequence

from agentx.errors import ModelError, StorageError
from agentx.model import Model
from agentx_learn.gating.cases import Case, Seen
from agentx_learn.gating.kept import Kept

Told = Callable[[Case, Seen], None]


async def measure(
    cases: Sequence[Case], sides: Sequence[Model], kept: Kept, told: Told = lambda case, seen: None
) -> list[tuple[Case, list[Seen]]]:
    """Runs what is not kept yet; returns each case with what came of it under each of the sides.

    Args:
        told: hears of each run that has ended.

    Raises:
        ModelError, StorageError: the model or the disk failed; what had ended before is kept.
    """
    for number, case in enumerate(cases):
        first = number % len(sides)
        for model in (*sides[first:], *sides[:first]):
            if kept.get(case, model.identity) is None:
                seen = await _run(case, model)
                _require_open(model)
                kept.add(case, model.identity, seen)
                told(case, seen)
    return [(case, [_of(kept, case, model) for model in sides]) for case in cases]


def missing(cases: Sequence[Case], sides: Sequence[Model], kept: Kept) -> list[Case]:
    """The runs that are not kept yet, each as its case."""
    return [case for case in cases for model in sides if kept.get(case, model.identity) is None]


async def _run(case: Case, model: Model) -> Seen:
    try:
        return await case.run(model)
    except OSError as error:
        raise StorageError(
            f"{case.id} could not be run ({error.strerror or error}); free space on the disk and run the gate again, "
            "and it goes on from here."
        ) from error


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
