"""`agentx sessions resume`, `rewind`, `undo` and `replay`: a session goes on, or back, or is played again."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from agentx.cli.narrate import Narrator
from agentx.cli.sessions_named import Session, opened, resolved
from agentx.cli.setup import load_tools
from agentx.cli.text import visible
from agentx.errors import UsageError
from agentx.events import RunStarted
from agentx.history import in_force
from agentx.journal import Journal


def rewind(
    session: Session,
    to: Annotated[
        int | None,
        typer.Option("--to", min=0, metavar="NUMBER", help="The last event that counts."),
    ] = None,
) -> int:
    """Take a session back to one of its events, and the files that its calls have changed since."""
    from agentx.rewinding import before, rewind

    with opened() as journal:
        name = resolved(journal, session)
        begun = [number for number, event in in_force(journal.numbered(name)) if isinstance(event, RunStarted)]
        if to is None and not begun:
            raise UsageError(f"Session {name} has no task left to go back before.")
        tools, _ = load_tools(None)
        known = {tool.name: tool for tool in tools}
        workspace = Path(journal.session(name).workspace)
        rewound = rewind(journal, name, before(journal, name, begun[-1]) if to is None else to, known, workspace)
    for path in rewound.restored:
        sys.stdout.write(f"{path} is as it was\n")
    for sentence in rewound.left:
        sys.stderr.write(f"not taken back: {sentence}\n")
    sys.stderr.write(f"{name} goes on from event {rewound.to}: agentx run TASK --resume {name}\n")
    return 0


def resume(session: Session) -> int:
    """Go on with the task that broke off; `agentx run --resume` takes options and a new task too."""
    from agentx.cli import run

    return run.command(resume=session)


def undo(session: Session) -> int:
    """Take back the last change of files that a session has made."""
    from agentx.rewinding import undo_last

    with opened() as journal:
        name = resolved(journal, session)
        tools, _ = load_tools(None)
        workspace = Path(journal.session(name).workspace)
        restored = undo_last(journal, name, {tool.name: tool for tool in tools}, workspace)
    for path in restored:
        sys.stdout.write(f"{path} is as it was\n")
    return 0


def replay(
    session: Session,
    speed: Annotated[
        float, typer.Option("--speed", min=0, help="1 is as it was, 10 ten times as fast, 0 without waiting.")
    ] = 1.0,
    check: Annotated[
        bool, typer.Option("--check", help="Play it again through the loop and tell what differs.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="As --check, and ask the model each time.")] = False,
) -> int:
    """Show a session as it happened, or check that it would happen again."""
    if check or live:
        with opened() as journal:
            name = resolved(journal, session)
        return _checked(name, live)
    with opened() as journal:
        _play(journal, resolved(journal, session), speed)
    return 0


def _play(journal: Journal, session: str, speed: float) -> None:
    narrator, before = Narrator(sys.stdout), None
    for at, event in journal.timed(session):
        if speed and before and not isinstance(event, RunStarted):
            time.sleep(max((at - before).total_seconds(), 0) / speed)
        before = at
        narrator.tell(event)
        sys.stdout.flush()


def _checked(session: str, live: bool) -> int:
    from agentx.cli import aio, resuming
    from agentx.cli.setup import Options
    from agentx.replaying import replay

    setup = resuming.find(session, Options()).setup
    setup.acquire_model()
    found = aio.run(replay(setup.agent(), session, live=live))
    told = f"{found.tasks} tasks, {found.events} events" + (f", {found.replies} replies" if live else "")
    for difference in found.differences:
        sys.stdout.write(f"{visible(difference)}\n")
    told += f", {found.passed_over} not compared (unfinished, or another model's)" if found.passed_over else ""
    nothing = found.passed_over and not found.tasks and not found.replies
    same = "nothing to compare" if nothing else "all the same"
    sys.stdout.write(f"{told}: {f'{len(found.differences)} differ' if found.differences else same}\n")
    return 1 if found.differences else 0
