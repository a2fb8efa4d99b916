"""`agentx tune guard`: the models of the guards `injection` and `content`, trained on this machine."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentx.cpus import short_spins
from agentx.errors import StorageError, UsageError
from agentx_learn.extra import require
from agentx_learn.tuning.classifier_command import NEEDS
from agentx_learn.tuning.out_folder import OutFolder, drop_unfinished

if TYPE_CHECKING:
    from agentx_learn.tuning.classifier_data import Sets

EPOCHS, BATCH, LEARNING_RATE, MAX_TOKENS, PATIENCE = 3, 16, 5e-5, 128, 2
EVALUATION = "0.15"
DATA = "agentx_learn.injection"
INJECTION_LICENCE = "Apache-2.0 and MIT, see SOURCES.md beside the texts"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a guard learns.

    Attributes:
        sets: its rows, by a seed.
        cut: see `write_cut`; None where each of several classes is as likely as the classifier says.
    """

    sets: "Callable[[int], Sets]"
    cut: float | None = None


def _injections(seed: int) -> "Sets":
    from agentx_learn.tuning.classifier_data import Columns, read_sets

    texts = Path(str(resources.files(DATA).joinpath("data")))
    judge = str(texts / "judge.jsonl")
    sets = read_sets(str(texts / "train.jsonl"), Columns(group="group"), EVALUATION, judge, seed)
    return sets.licensed(INJECTION_LICENCE)


def _contents(seed: int) -> "Sets":
    from agentx.models.progress import narrator
    from agentx_learn.content.texts import LICENCE, written
    from agentx_learn.tuning.classifier_data import Columns, read_sets

    with narrator() as progress:
        path = written(progress)
    return read_sets(str(path), Columns(group="id"), EVALUATION, None, seed).licensed(LICENCE)


LESSONS = {
    # The cut was chosen by a draw of ordinary tool results other than the measured one: under 2 % are above it.
    "injection": Lesson(_injections, cut=0.8),
    "content": Lesson(_contents),
}


def command(
    guard: Annotated[str, typer.Argument(metavar="GUARD", help="Which guard: injection or content.")] = "injection",
    model: Annotated[
        str, typer.Option("--model", help="Encoder to begin from: minilm-encoder, a folder, or a name of the hub.")
    ] = "minilm-encoder",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed, the same result.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that broke off.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print sizes and a time estimate, train nothing.")] = False,
) -> int:
    """Train a guard's model, on texts that come with AgentX or are fetched for it; takes minutes, and is done once.

    A guard that is there already goes on working until the new one is finished. A run that broke off is begun anew, or
    gone on with by --resume.
    """
    lesson = LESSONS.get(guard)
    if lesson is None:
        raise UsageError(f"No guard `{guard}` is trained; name one of {', '.join(LESSONS)}.")
    require("Training the guard", *NEEDS)
    from agentx_learn.injection.guard import write_cut
    from agentx_learn.windowed import trained

    sets = lesson.sets(seed)
    with short_spins():
        from agentx_learn.tuning.classifier_run import Settings, dry, request_of, run
    settings = Settings(model, EPOCHS, PATIENCE, BATCH, LEARNING_RATE, MAX_TOKENS, seed)
    if dry_run:
        return dry(sets, settings)
    place = trained(guard)
    beside = place.with_name(f"{place.name}.training")
    if not resume:
        drop_unfinished(beside)
    # A process that was killed behind its training has left a model that only has to be put in place.
    if not OutFolder(beside, "classifier", request_of(sets, settings)).is_finished():
        run(sets, settings, beside, resume=resume, told={"cut": lesson.cut} if lesson.cut else None)
    if lesson.cut:
        write_cut(beside, lesson.cut)
    put_in_place(beside, place)
    sys.stderr.write(f'The guard is ready; turn it on by `--guard {guard}`, or by on = ["{guard}"] in [guard].\n')
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
