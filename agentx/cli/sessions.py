"""`agentx sessions`: earlier runs, from the journal."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from agentx.cli.narrate import Narrator
from agentx.cli.output import to_line
from agentx.cli.tables import table
from agentx.cli.text import visible
from agentx.errors import UsageError
from agentx.events import Answered, RunFinished, RunStarted, to_json
from agentx.journal import Journal

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_sessions(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the latest first.")] = 20,
) -> int:
    """List the latest sessions."""
    with _journal() as journal:
        rows = [
            (row.id, _local(row.created), row.status, str(row.steps), row.model, row.task)
            for row in journal.sessions(limit)
        ]
    sys.stdout.write(table([("ID", "BEGUN", "STATUS", "STEPS", "MODEL", "TASK"), *rows]) + "\n")
    return 0


@app.command()
def show(
    session: Annotated[str, typer.Argument(metavar="ID", help="A session's id, or `last`.")],
    json: Annotated[bool, typer.Option("--json", help="Each event as a JSON line.")] = False,
) -> int:
    """Show what happened in a session."""
    with _journal() as journal:
        if session == "last":
            latest = journal.sessions(1)
            if not latest:
                raise UsageError("There is no session yet; `agentx run` makes one.")
            session = latest[0].id
        events = journal.events(session)
    narrator = Narrator(sys.stdout)
    for event in events:
        if json:
            sys.stdout.write(to_line(to_json(event)) + "\n")
            continue
        narrator.take(event)
        match event:
            case RunStarted():
                sys.stdout.write(f"task: {visible(event.task)}\n")
            case Answered():
                sys.stdout.write(f"answer: {visible(event.text)}\n")
            case RunFinished() if event.error:
                narrator.error(event.error)
            case _:
                pass
    return 0


def _journal() -> Journal:
    """The user's journal, or an empty one: looking makes no file."""
    path = Journal.default_path()
    return Journal(path if path.exists() else ":memory:")


def _local(created: str) -> str:
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return created
