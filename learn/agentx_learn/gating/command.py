"""`agentx tune gate` and `agentx tune rollback`: which adapter a model runs under by default."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentx.cli import options
from agentx_learn.tuning.sft_command import default_model

Model = Annotated[
    str | None,
    typer.Argument(metavar="[MODEL]", help="A catalogue name or a GGUF path; without it, the model that runs."),
]


def gate(
    adapter: Annotated[
        Path, typer.Argument(metavar="ADAPTER", help="The folder that `agentx tune sft` wrote, or the GGUF file in it.")
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="That it was trained on; by default the one that its card names.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="What it was trained on, where no held-out traces lie beside it."),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(
            "--cases", min=1, metavar="N", help="At most so many of each kind, for a look; only all can pass."
        ),
    ] = None,
    threads: options.Threads = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the number of cases and a time estimate, write nothing.")
    ] = False,
) -> int:
    """Make an adapter the default of its model, if it is shown to be better and loses nothing in safety.

    Base and adapter do the same cases, greedily: traces that the adapter has not learnt from, tasks, and tasks whose
    files carry attacks. So does the adapter that is the default so far, which the new one must not be shown worse than.
    Exit code 0 if it has passed, 1 if not. A gate that was broken off goes on where it was.
    """
    from agentx.errors import ModelFileError
    from agentx.models import open_model
    from agentx.models.adapters import under
    from agentx.models.progress import narrator
    from agentx_learn.gating import run
    from agentx_learn.gating.held_out import read_subject

    subject = read_subject(adapter, data)
    spec = model or subject.model or default_model()
    _require_same(spec, subject.model)
    plan = run.planned(subject, spec, most)
    with narrator() as progress:
        base = open_model(spec, threads=threads, progress=progress)
    adapted = under(base, subject.path)
    if getattr(adapted, "adapter", subject.sha256) != subject.sha256:
        raise ModelFileError(f"{subject.path} was changed while it was loaded; run the gate again.")
    return run.dry(plan, base, adapted) if dry_run else run.gate(plan, base, adapted)


def rollback(model: Model = None) -> int:
    """Put back the default adapter that a model had before, or none where there was none."""
    from agentx.errors import UsageError
    from agentx.models.default_adapters import identity_of, known, roll_back

    name = model or default_model()
    identity = identity_of(name)
    if not identity:
        raise UsageError(f"{name} is no model of this machine that could have a default adapter; name one of them.")
    undone, now = roll_back(identity, name)
    after = f"runs under {now.path} again, which was its default before" if now else "runs without an adapter again"
    sys.stderr.write(f"{undone.path} is no longer the default adapter of {name}, which {after}.\n")
    if problem := known(identity, name).problem:
        sys.stderr.write(f"note: {problem}\n")
    return 0


def _require_same(model: str, trained_on: str) -> None:
    """Raises UsageError where both are names of the catalogue, and of different weights; of a file its shapes tell."""
    from agentx.errors import UsageError
    from agentx.models.catalog import load

    catalogue = load()
    named = model in catalogue and trained_on in catalogue
    if named and catalogue.get(model) is not catalogue.get(trained_on):
        raise UsageError(f"The adapter was trained on {trained_on} and not on {model}; leave out --model.")
