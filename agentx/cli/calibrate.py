"""`agentx models calibrate`: measures where Yes begins for a model, and keeps it. The table goes to stdout."""

import time

import typer

from agentx.cli import aio
from agentx.cli.tables import table
from agentx.errors import UsageError
from agentx.model import Model
from agentx.models import open_model
from agentx.models.progress import narrator
from agentx.planner.calibration.cases import cases
from agentx.planner.calibration.choice import Row
from agentx.planner.calibration.run import measure
from agentx.planner.calibration.stored import keep
from agentx.planner.probes import PROBES

HEADS = ("PROBE", "YES MEANS", "AUC", "THRESHOLD", "MISSED", "NEEDLESS")


def calibrate_named(name: str | None, threads: int | None = None) -> None:
    """Fetches and loads a model, and calibrates it.

    Raises:
        ModelError: the model cannot be had or loaded.
        UsageError, StorageError: as `calibrate`.
    """
    with narrator() as progress:
        model = open_model(name, threads=threads, progress=progress)
    calibrate(model)


def calibrate(model: Model) -> None:
    """Runs all cases on the model; prints a row a probe, and where the thresholds are kept.

    Raises:
        UsageError: nothing can be kept about the model, since no file of weights stands behind it.
        StorageError: the data folder cannot be written.
    """
    if not model.identity:
        raise UsageError(f"{model.name} has no weights that a calibration could belong to; name a GGUF file.")
    rows = aio.run(_rows(model))
    path = keep(model.identity, model.name, rows)
    typer.echo(table([HEADS, *map(_cells, rows)]))
    typer.echo(f"{model.name} is calibrated: {path}", err=True)


async def _rows(model: Model) -> list[Row]:
    rows: list[Row] = []
    for probe in PROBES.values():
        started = time.monotonic()
        rows.append(await measure(model, probe))
        typer.echo(f"{probe.name}: {len(cases(probe))} cases, {time.monotonic() - started:.0f} s", err=True)
    return rows


def _cells(row: Row) -> tuple[str, ...]:
    missed, needless = f"{row.missed} of {row.yes_cases}", f"{row.needless} of {row.no_cases}"
    return row.probe, PROBES[row.probe].yes, f"{row.auc:.3f}", f"{row.threshold:.4f}", missed, needless
