"""`agentx tune guard`: the model of the guard against injections, trained on this machine."""

import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from agentx.cpus import short_spins
from agentx.errors import StorageError
from agentx_learn.extra import require
from agentx_learn.tuning.classifier_command import NEEDS
from agentx_learn.tuning.out_folder import OutFolder, drop_unfinished

EPOCHS, BATCH, LEARNING_RATE, MAX_TOKENS, PATIENCE = 3, 16, 5e-5, 128, 2
DATA = "agentx_learn.injection"
CUT = 0.8
"""See `write_cut`. Chosen by a draw of ordinary tool results other than the measured one: under 2 % are above it."""
LICENCE = "Apache-2.0 and MIT, see SOURCES.md beside the texts"


def command(
    model: Annotated[
        str, typer.Option("--model", help="Encoder to begin from: minilm-encoder, a folder, or a name of the hub.")
    ] = "minilm-encoder",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed, the same result.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that broke off.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print sizes and a time estimate, write nothing.")] = False,
) -> int:
    """Train the guard against injections on the texts that come with AgentX; takes minutes, and is done once.

    A guard that is there already goes on working until the new one is finished. A run that broke off is begun anew, or
    gone on with by --resume.
    """
    require("Training the guard", *NEEDS)
    from agentx_learn.injection.guard import model_folder, write_cut
    from agentx_learn.tuning.classifier_data import Columns, read_sets

    texts = Path(str(resources.files(DATA).joinpath("data")))
    sets = read_sets(str(texts / "train.jsonl"), Columns(group="group"), "0.15", str(texts / "judge.jsonl"), seed)
    sets = sets.licensed(LICENCE)
    with short_spins():
        from agentx_learn.tuning.classifier_run import Settings, dry, request_of, run
    settings = Settings(model, EPOCHS, PATIENCE, BATCH, LEARNING_RATE, MAX_TOKENS, seed)
    if dry_run:
        return dry(sets, settings)
    place = model_folder()
    beside = place.with_name(f"{place.name}.training")
    if not resume:
        drop_unfinished(beside)
    # A process that was killed behind its training has left a model that only has to be put in place.
    if not OutFolder(beside, "classifier", request_of(sets, settings)).is_finished():
        run(sets, settings, beside, resume=resume, told={"cut": CUT})
    write_cut(beside, CUT)
    put_in_place(beside, place)
    sys.stderr.write('The guard is ready; turn it on by `--guard injection`, or by on = ["injection"] in [guard].\n')
    return 0


def put_in_place(made: Path, place: Path) -> None:
    """Puts a new model where the old one is, which goes once the new one stands.

    Raises:
        StorageError: it cannot be moved; the old one is where it was.
    """
    old = place.with_name(f"{place.name}.old")
    try:
        if made.is_dir() and place.exists():
            shutil.rmtree(old, ignore_errors=True)
            place.rename(old)
        try:
            made.rename(place)
        except OSError:
            if old.exists() and not place.exists():
                old.rename(place)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"The guard's model in {made} cannot be put to {place} ({error.strerror or error}); move it by hand."
        ) from error
