"""`agentx memory learn`: facts about the user from a session, kept with their consent."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentx.cli.options import Model, Threads
from agentx.cli.output import to_line
from agentx.cli.text import is_terminal, one_line
from agentx_memory import decoder, places
from agentx_memory.store import COLLECTION, StoredChunk, open_store

if TYPE_CHECKING:
    from agentx_memory.learning.facts import Fact
    from agentx_memory.learning.said import Said


def learn(
    session: Annotated[
        str, typer.Argument(metavar="SESSION|last", help="A session's id, or `last`: this folder's newest.")
    ] = "last",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Keep all that is found without asking.")] = False,
    model: Model = None,
    threads: Threads = None,
    collection: Annotated[str, typer.Option("--collection", "-c", help="Name of the collection.")] = COLLECTION,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
) -> int:
    """Find lasting facts and preferences in what you said in a session, and keep those that you agree to."""
    from agentx.cli import aio
    from agentx.models.progress import narrator
    from agentx_memory.learning.facts import Learner

    messages = _messages(session)
    settings = decoder.settings(model, threads)
    if not messages:
        sys.stderr.write("You said nothing in that session.\n")
        return 0
    of_recall = settings.tool_settings.get("recall", {})
    embedder = places.embedder_of(of_recall)
    with narrator() as sink:
        embedder.load(sink)
    store = open_store(embedder.name, places.folder_of(of_recall), collection)
    learner = Learner(store, embedder, decoder.opened(settings))

    def told(done: int, total: int) -> None:
        sys.stderr.write(f"read message {done} of {total}\n")

    found = aio.run(learner.found(messages, told))
    kept = _agreed(found, yes, as_json)
    if kept:
        learner.keep(kept)
    sys.stderr.write(_summary(found, kept, yes or is_terminal(sys.stdin)))
    return 0


def _messages(session: str) -> "list[Said]":
    from agentx.cli.sessions_named import opened, resolved
    from agentx_memory.learning.said import said

    journal = opened()
    return said(journal, resolved(journal, session))


def _agreed(found: "list[Fact]", yes: bool, as_json: bool) -> "list[Fact]":
    """Each fact is shown, then asked about where somebody can be asked."""
    asks = not yes and is_terminal(sys.stdin)
    kept: list[Fact] = []
    for fact in found:
        if as_json:
            sys.stdout.write(to_line(_described(fact)) + "\n")
        else:
            sys.stdout.write(f"{one_line(fact.text, 300)} ({one_line(fact.said.source)})\n")
            for old in fact.replaces:
                sys.stdout.write(f"    in place of: {one_line(old.text, 300)} ({one_line(old.place)})\n")
        sys.stdout.flush()
        if yes:
            kept.append(fact)
        elif asks and typer.confirm("Keep it?", err=True):
            outdated = [old for old in fact.doubtful if typer.confirm(_doubt(old), default=False, err=True)]
            kept.append(replace(fact, replaces=(*fact.replaces, *outdated)))
    return kept


def _doubt(old: StoredChunk) -> str:
    return f"In place of: {one_line(old.text, 300)} ({one_line(old.place)})?"


def _described(fact: "Fact") -> dict[str, Any]:
    said = fact.said
    replaces = [{"key": old.document, "text": old.text, "source": old.source} for old in fact.replaces]
    return {"fact": fact.text, "session": said.session, "event": said.event, "key": fact.key, "replaces": replaces}


def _summary(found: "list[Fact]", kept: "list[Fact]", asked: bool) -> str:
    if not found:
        return "Nothing new about you in that session.\n"
    if not asked:
        return f"{len(found):,} found, none kept: nobody can be asked here; --yes keeps them.\n"
    return f"{len(kept):,} of {len(found):,} kept; `agentx memory forget WORDS` forgets them again.\n"
