"""`agentx sessions`: earlier runs, from the journal."""

import dataclasses
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from agentx.cli import sessions_copies, sessions_going_on, sessions_keeping, sessions_trace
from agentx.cli.narrate import Narrator
from agentx.cli.output import to_line
from agentx.cli.sessions_named import Session, opened, resolved
from agentx.cli.sessions_transcript import summary
from agentx.cli.setup import folder
from agentx.cli.tables import table
from agentx.events import to_json
from agentx.journal import Journal, SessionRow
from agentx.models.catalog import named

app = typer.Typer(no_args_is_help=True)

Workspace = Annotated[Path | None, typer.Option("--workspace", "-w", help="Only those of this folder.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


@app.command("list")
def list_sessions(limit: Limit = 20, workspace: Workspace = None, json: AsJson = False) -> int:
    """List the latest sessions, the newest first."""
    with opened() as journal:
        rows = [_as_told(journal, row) for row in journal.sessions(limit, _place(workspace))]
    if json:
        for row in rows:
            sys.stdout.write(to_line(dataclasses.asdict(row)) + "\n")
        return 0
    cells = [
        (row.id, _local(row.created), row.status, str(row.steps), row.model, row.title or row.task) for row in rows
    ]
    sys.stdout.write(table([("ID", "BEGUN", "STATUS", "STEPS", "MODEL", "TASK"), *cells]) + "\n")
    return 0


@app.command()
def show(
    session: Session,
    json: Annotated[bool, typer.Option("--json", help="Each event as a JSON line.")] = False,
    last: Annotated[int | None, typer.Option("--last", metavar="N", min=1, help="Only the last N events.")] = None,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="A line for each event with its number, which `fork --at` takes.")
    ] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="A waterfall: what took how long, and how many tokens.")
    ] = False,
) -> int:
    """Show what happened in a session."""
    with opened() as journal:
        name = resolved(journal, session)
        if trace:
            return sessions_trace.show(journal, name)
        narrator = Narrator(sys.stdout)
        for number, event in journal.tail(name, last) if last else journal.iterate(name):
            if json:
                sys.stdout.write(to_line(to_json(event)) + "\n")
            elif numbers:
                sys.stdout.write(f"{number:>6}  {type(event).__name__:<15} {summary(event)}".rstrip() + "\n")
            else:
                narrator.tell(event)
    return 0


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="All of them; the last may be a beginning.")],
    limit: Limit = 20,
    workspace: Workspace = None,
    json: AsJson = False,
) -> int:
    """Find sessions by the words of their tasks, answers and results."""
    with opened() as journal:
        hits = journal.search(" ".join(words), limit, _place(workspace))
    if json:
        for hit in hits:
            sys.stdout.write(to_line(dataclasses.asdict(hit)) + "\n")
        return 0
    if not hits:
        sys.stderr.write("No session has all of these words.\n")
        return 0
    rows = [(hit.session.id, str(hit.number), hit.kind, hit.excerpt) for hit in hits]
    sys.stdout.write(table([("SESSION", "EVENT", "KIND", "TEXT"), *rows]) + "\n")
    return 0


app.command("resume")(sessions_going_on.resume)
app.command("undo")(sessions_going_on.undo)
app.command("rewind")(sessions_going_on.rewind)
app.command("replay")(sessions_going_on.replay)
app.command("rename")(sessions_keeping.rename)
app.command("fork")(sessions_copies.fork)
app.command("export")(sessions_copies.export)
app.command("import")(sessions_copies.read_in)
app.command("rm")(sessions_keeping.remove)
app.command("purge")(sessions_keeping.purge)


def _as_told(journal: Journal, row: SessionRow) -> SessionRow:
    """The row with its model's name; "stopped" where the run was not ended and its process is dead."""
    is_dead = row.status == "running" and not journal.is_held(row.id)
    return dataclasses.replace(row, status="stopped" if is_dead else row.status, model=named(row.model))


def _place(workspace: Path | None) -> str | None:
    return None if workspace is None else str(folder(workspace))


def _local(created: str) -> str:
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return created
