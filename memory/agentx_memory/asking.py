"""What `agentx memory` asks a person: yes or no, and a passphrase."""

import os
import re
import sys
from typing import TYPE_CHECKING

from agentx.cli.text import is_terminal, one_line
from agentx.errors import UsageError
from agentx_memory.chunks import SAYINGS
from agentx_memory.store import Store, StoredChunk, Where

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder

VARIABLE = "AGENTX_MEMORY_PASSPHRASE"


def confirm(question: str, yes: bool) -> None:
    """Goes on only with a yes.

    Raises:
        UsageError: nobody can be asked.
        typer.Abort: the answer is no.
    """
    import typer

    if yes:
        return
    if not is_terminal(sys.stdin):
        raise UsageError(f"{question} Nobody can be asked here; --yes says so.")
    typer.confirm(question, abort=True, err=True)


def chosen_notes(store: Store, embedder: "Embedder", words: str, limit: int, yes: bool) -> list[str]:
    """Keys of the notes and facts that are to be forgotten, each shown and asked about; with `yes`, those that hold all
    the words.

    Raises:
        UsageError: nobody can be asked.
    """
    import typer

    from agentx_memory.retrieval.search import Retriever
    from agentx_memory.tools import MIN_SCORE

    where = Where(kinds=SAYINGS)
    if yes:
        found = store.chunks([id for id, _ in store.lexical(words, 1_000, where)])
        return [key for key in dict.fromkeys(item.document for item in found) if _words(words) <= _held(store, key)]
    if not is_terminal(sys.stdin):
        raise UsageError("Nobody can be asked here; `agentx memory rm NAME` removes a note that `list` names.")
    hits = Retriever(store, embedder).near(words, limit, where, least=MIN_SCORE)
    found = list({hit.chunks[0].document: hit.chunks[0] for hit in hits}.values())
    return [item.document for item in found if typer.confirm(_question(item), err=True)]


def _held(store: Store, key: str) -> set[str]:
    """The words of a note, in however many pieces it is stored."""
    return _words(" ".join(chunk.text for chunk in store.document(key) if chunk.document == key))


def _words(text: str) -> set[str]:
    return {*re.findall(r"\w+", text.lower())}


def _question(item: StoredChunk) -> str:
    return f"Forget: {one_line(item.text, 300)} ({one_line(item.place)})"


def passphrase(*, new: bool = False) -> str:
    """The passphrase of an export: from AGENTX_MEMORY_PASSPHRASE, else asked for, twice if it is new.

    Raises:
        UsageError: nobody can be asked, or it is empty.
    """
    import typer

    given = os.environ.get(VARIABLE)
    if given is None:
        if not is_terminal(sys.stdin):
            raise UsageError(f"An export is sealed with a passphrase; give it in {VARIABLE}, or use --plain.")
        given = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    if not given:
        raise UsageError("A passphrase must not be empty.")
    return given
