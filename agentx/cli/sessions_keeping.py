"""`agentx sessions rename`, `rm` and `purge`: what sessions are called, and which are kept."""

import sys
from typing import Annotated

import typer

from agentx import config
from agentx.cli.sessions_named import Session, opened, resolved
from agentx.cli.setup import folder
from agentx.errors import StorageError, UsageError
from agentx.journal import Journal


def rename(
    session: Session,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What the list shows; an empty one shows the task.")],
) -> int:
    """Give a session a title."""
    with opened() as journal:
        journal.rename(resolved(journal, session), title.strip())
    return 0


def remove(
    sessions: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of sessions; `last` is none here.")],
) -> int:
    """Delete sessions for good."""
    with opened() as journal:
        # All are there, or none is deleted.
        for session in sessions:
            journal.session(session)
        gone: set[str] = set()
        try:
            for session in sessions:
                if session in gone:  # named twice, or it worked for one of the others and went with it
                    continue
                removed = journal.remove(session)
                gone.update(removed)
                sys.stderr.writelines(f"{name} was deleted\n" for name in removed)
        finally:
            if gone:
                _compact(journal)
    return 0


def purge(
    days: Annotated[
        float | None,
        typer.Option("--days", min=0, help="Those in which nothing has happened for so long; sessions_keep_days."),
    ] = None,
) -> int:
    """Delete the sessions that are older than they are to be kept."""
    keep_days = config.load(folder(None)).settings.sessions_keep_days if days is None else days
    if keep_days is None:
        raise UsageError("Say how old with --days, or set `sessions_keep_days`; without it all sessions are kept.")
    with opened() as journal:
        gone = journal.purge(keep_days)
        sys.stderr.write(f"{len(gone)} session{'s were' if len(gone) != 1 else ' was'} deleted\n")
        # In any case: those that new sessions have cost are still in the files.
        _compact(journal)
    return 0


def _compact(journal: Journal) -> None:
    """What was deleted is deleted, whatever comes of this."""
    try:
        journal.compact()
    except StorageError as error:
        sys.stderr.write(f"note: words of deleted sessions may be left in the journal's files for now: {error}\n")
