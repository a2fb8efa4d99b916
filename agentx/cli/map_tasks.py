"""`agentx map`: many tasks through one decoder, a line of results each."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agentx.batch import Item, Output, items, results
from agentx.cli import aio, options
from agentx.cli.narrate import Narrator
from agentx.cli.setup import Options, Setup, prepare
from agentx.cli.text import is_terminal, one_line
from agentx.errors import UsageError

DEFAULT_JOBS = 4
MAX_ERRORS = 3
"""How many different errors are told at the end, the most frequent first."""


@options.with_shared
def command(
    typed: Options,
    tasks: Annotated[
        Path, typer.Argument(metavar="TASKS.jsonl", help='A task a line: "text" or {"task": "text", "id": "name"}.')
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.jsonl", help="Gets a line for each task.")],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=16, help="Tasks at a time.")] = DEFAULT_JOBS,
) -> int:
    """Run many tasks side by side and write one line of JSON for each.

    A line holds what `agentx run --json` prints, and the `line`, `id`, text and `model` of its task. Run again after
    whatever has killed it, or with more tasks, the command goes on: what has a line is done, and a task that broke off
    goes on where it was. It does not where another model, or another adapter, would add its lines; the default adapter
    may be another one by then.

    Exit codes: 0 all tasks ended ok, 1 one did not; others as those of `agentx run`.
    """
    narrator = Narrator(sys.stderr)
    setup = prepare(typed)
    for notice in setup.notices:
        narrator.note(notice)
    todo = _read(tasks)
    with Output(output.expanduser().absolute(), decoder(setup)) as out:
        setup.acquire_model()
        return aio.run(_follow(setup.agent(), todo, out, jobs))


async def _follow(agent: Any, todo: list[Item], out: Output, jobs: int) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not is_terminal(sys.stderr)) as bar:
        shown = bar.add_task("tasks", total=len(todo), completed=len(todo) - _left(todo, out))
        async for _ in results(agent, todo, out, jobs):
            bar.advance(shown)
    told = f", {out.missed} of them not ok" if out.missed else ""
    sys.stderr.write(f"{len(todo)} tasks, {len(todo) - _left(todo, out)} lines in {out.path}{told}\n")
    for error, count in out.errors.most_common(MAX_ERRORS):
        sys.stderr.write(f"{count} of them: {one_line(error, 400)}\n")
    return 1 if out.missed else 0


def decoder(setup: Setup) -> str:
    """The model and its adapter in words that are others where these are."""
    from agentx.models.catalog import named
    from agentx.models.default_adapters import NONE
    from agentx.models.digest import sha256

    model, path = named(setup.settings.model), setup.settings.adapter
    if path is None or path == NONE:
        return f"{model} without an adapter"
    path = Path(path).expanduser().absolute()
    return f"{model} under the adapter {path} (SHA-256 {sha256(path)[:12]}…)"


def _left(todo: list[Item], out: Output) -> int:
    return sum(item.line not in out.done for item in todo)


def _read(path: Path) -> list[Item]:
    try:
        with path.expanduser().open(encoding="utf-8-sig") as file:
            return items(file, str(path))
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name a file with a task a line.") from None
