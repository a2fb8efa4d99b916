"""The journal that the verbs of `agentx sessions` work on, and the session that was named."""

from pathlib import Path
from typing import Annotated

import typer

from agentx.errors import UsageError
from agentx.journal import Journal

Session = Annotated[str, typer.Argument(metavar="ID", help="A session's id, or `last`: this folder's newest.")]


def opened() -> Journal:
    """The user's journal, or an empty one: looking makes no file."""
    return Journal.existing()


def resolved(journal: Journal, session: str) -> str:
    """The id that was typed, or that of the newest session of this folder for `last`.

    Raises:
        UsageError: there is no such session.
    """
    if session != "last":
        return journal.session(session).id
    here = str(Path().absolute())
    if latest := journal.latest(here):
        return latest.id
    if journal.latest():
        raise UsageError(f"There is no session of {here} yet; `agentx sessions list` names those of all folders.")
    raise UsageError("There is no session yet; `agentx run` makes one.")
