"""A gate from its cases to its report: runs them, tells how the sides compare, sets the default if it passed."""

import json
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import agentx
from agentx import files
from agentx.cli import aio, output
from agentx.cli.tables import table
from agentx.errors import ConfigError, StorageError, UsageError
from agentx.model import Model
from agentx.models.adapters import under
from agentx.models.default_adapters import Passed, known, put
from agentx_learn.gating.bar import GateBar
from agentx_learn.gating.cases import PARTS, Case, Part
from agentx_learn.gating.checkout import NAME, benchmark_tasks
from agentx_learn.gating.compare import LEAST_CASES
from agentx_learn.gating.held_out import Subject
from agentx_learn.gating.kept import Kept, outcomes_of
from agentx_learn.gating.measure import measure, missing
from agentx_learn.gating.sides import Opened, Sides, opened
from agentx_learn.gating.tasks import shipped
from agentx_learn.gating.traces import trace_cases
from agentx_learn.gating.verdict import Verdict
from agentx_learn.tuning.lengths import shown_s

SHIPPED = "the tasks that come with AgentX"


@dataclass(frozen=True, slots=True)
class Plan:
    """Attributes:
    model: as the user names it.
    tasks: which tasks they are, for a person.
    whole: whether these are all cases. A part of them is for a look: it may be that which suits the adapter.
    """

    subject: Subject
    model: str
    cases: Sequence[Case]
    tasks: str
    whole: bool = True

    @property
    def report(self) -> Path:
        return self.subject.path.with_suffix(".gate.json")


def planned(subject: Subject, model: str, most: int | None = None) -> Plan:
    """All cases of a gate.

    Args:
        most: cases of each kind; None for all.

    Raises:
        UsageError: there are too few held-out traces to show anything.
    """
    traces = trace_cases(subject.traces)
    if len(traces) < LEAST_CASES:
        raise UsageError(
            f"The adapter has {len(traces)} held-out traces that differ, and nothing can be shown on fewer than "
            f"{LEAST_CASES}: train it on more, or hold more of them out by `agentx tune sft --evaluate SHARE`."
        )
    benchmark = benchmark_tasks()
    parts: list[Sequence[Case]] = [traces, benchmark or shipped("tasks"), shipped("attacks")]
    cases = [case for part in parts for case in part[:most]]
    return Plan(subject, model, cases, NAME if benchmark else SHIPPED, len(cases) == sum(map(len, parts)))


def gate(plan: Plan, base: Model, adapter: Model, under: Opened = under) -> int:
    """Runs a gate; prints the table on stdout. Returns 0 if the adapter has passed, and is the default now, else 1.

    Args:
        under: opens the adapter that is the default so far.

    Raises:
        UsageError: nothing can be kept about the model.
        StorageError: a file cannot be read or written.
        ModelError: the model failed, or the adapter that is the default so far cannot be loaded.
        KeyboardInterrupt: Ctrl-C; what had ended is kept.
    """
    _require_identity(base)
    sides, kept = _begun(plan, base, adapter, under)
    to_make = len(missing(plan.cases, sides.models, kept))
    with output.taken() as answers:
        try:
            with GateBar(to_make) as bar:
                outcomes = aio.run(measure(plan.cases, sides.models, kept, bar.take))
        except KeyboardInterrupt:
            sys.stderr.write(f"What has ended is kept in {kept.path}; the same command goes on from there.\n")
            raise
        verdict = sides.judged(outcomes)
        runs = {"made": to_make, "kept": len(sides.models) * len(plan.cases) - to_make}
        _write(plan.report, _described(plan, base, verdict, kept) | {"runs": runs})
        answers.text(table(verdict.rows))
        for told in [*verdict.reasons, *verdict.notes]:
            answers.text(told)
        # What was measured before may be an hour or a month old.
        answers.text(
            f"{runs['made']:,} cases run, {runs['kept']:,} kept from before, each counted under each of "
            f"{len(sides.models)} sides."
        )
    if not verdict.passed or not plan.whole:
        why = "has not passed" if not verdict.passed else "passes on these few cases, and only all of them count"
        sys.stderr.write(f"The adapter {why}; no default has changed; the report: {plan.report}\n")
        return 1
    if known(base.identity).adapter != sides.present:
        sys.stderr.write(
            f"{plan.model} has another default adapter by now; run the gate again to measure against it.\n"
        )
        return 1
    since = datetime.now(UTC).isoformat(timespec="seconds")
    put(base.identity, plan.model, Passed(str(plan.subject.path), plan.subject.sha256, since, verdict.figures))
    sys.stderr.write(
        f"The adapter has passed: {plan.model} runs under it by default, `agentx tune rollback {plan.model}` takes "
        f"that back; the report: {plan.report}\n"
    )
    return 0


def dry(plan: Plan, base: Model, adapter: Model, under: Opened = under) -> int:
    """Prints how many cases there are and about how long they take; writes nothing.

    Where no run of a kind is kept, the first case of it is run once, and thrown away.
    """
    _require_identity(base)
    sides, kept = _begun(plan, base, adapter, under)
    left = missing(plan.cases, sides.models, kept)
    counts = Counter(case.part for case in plan.cases)
    with output.taken() as answers:
        seconds = sum(_run_s(part, plan, sides.models, kept) * _of(part, left) for part in PARTS)
        rows = [
            ["model", plan.model],
            ["adapter", f"{plan.subject.path} (SHA-256 {plan.subject.sha256[:12]}…)"],
            [PARTS["traces"], f"{counts['traces']:,}"],
            [PARTS["tasks"], f"{counts['tasks']:,}, {plan.tasks}"],
            [PARTS["attacks"], f"{counts['attacks']:,}"],
            ["runs", f"{len(left):,} to make, {len(sides.models) * len(plan.cases) - len(left):,} kept"],
            ["time", f"about {shown_s(seconds)}"],
        ]
        answers.text(table(rows))
    return 0


def _begun(plan: Plan, base: Model, adapter: Model, under: Opened) -> tuple[Sides, Kept]:
    """The sides, of which it is told what they are, and what is kept of their runs."""
    sides = opened(base, adapter, plan.subject.sha256, plan.model, under)
    for note in sides.notes:
        sys.stderr.write(f"note: {note}\n")
    return sides, Kept(outcomes_of(base.identity, plan.subject.sha256), sides.rolled_back)


def _run_s(part: Part, plan: Plan, sides: Sequence[Model], kept: Kept) -> float:
    """Seconds that a run of a part takes; 0 where nothing of it is left to do."""
    cases = [case for case in plan.cases if case.part == part]
    ended = [seen.seconds for case in cases for side in sides if (seen := kept.get(case, side.identity))]
    if ended:
        return statistics.fmean(ended)
    return aio.run(cases[0].run(sides[0])).seconds if cases else 0.0


def _of(part: Part, cases: Sequence[Case]) -> int:
    return sum(case.part == part for case in cases)


def _described(plan: Plan, base: Model, verdict: Verdict, kept: Kept) -> dict[str, Any]:
    return {
        "adapter": str(plan.subject.path),
        "adapter_sha256": plan.subject.sha256,
        "model": plan.model,
        "model_identity": base.identity,
        "agentx": agentx.__version__,
        "tasks": plan.tasks,
        "all_cases": plan.whole,
        "outcomes": str(kept.path),
        **verdict.described(),
        # A part of the cases may be that which suits the adapter.
        "passed": verdict.passed and plan.whole,
    }


def _require_identity(base: Model) -> None:
    if not base.identity:
        raise UsageError(f"{base.name} has no weights that an adapter could be bound to; name a GGUF file by --model.")


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        files.replace(path, (json.dumps(report, indent=1) + "\n").encode())
    except ConfigError as error:
        cause = error.__cause__ or error
        raise StorageError(f"{path} cannot be written ({cause}); free space, or copy the adapter's folder.") from error
