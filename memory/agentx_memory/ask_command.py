"""`agentx memory ask` and `agentx memory summarise`: what takes the decoder. `agentx_memory.command` registers them."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentx.cli.options import Model, Threads
from agentx.cli.output import to_line
from agentx.cli.text import one_line, visible
from agentx.errors import UsageError
from agentx_memory import decoder, names, places
from agentx_memory.store import COLLECTION, Where, open_store

if TYPE_CHECKING:
    from agentx_memory.retrieval.ask import Answer

Collection = Annotated[str, typer.Option("--collection", "-c", help="Name of the collection.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]


def ask(
    question: str,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only such documents; repeatable.")] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Only this document or folder, or a pattern with *; repeatable."),
    ] = None,
    model: Model = None,
    threads: Threads = None,
    collection: Collection = COLLECTION,
    as_json: AsJson = False,
) -> int:
    """Answer one question from memory alone, with citations; say so where the memory holds no answer."""
    from agentx.cli import aio
    from agentx.models.progress import narrator
    from agentx_memory.retrieval.ask import NOT_IN_MEMORY, Answer
    from agentx_memory.retrieval.ask import ask as answer
    from agentx_memory.retrieval.search import Retriever

    if not question.strip():
        raise UsageError("A question must not be empty.")
    settings = decoder.settings(model, threads)
    of_recall = settings.tool_settings.get("recall", {})
    embedder = places.embedder_of(of_recall)
    store = open_store(embedder.name, places.folder_of(of_recall), collection)
    if not store.exists or not store.count():
        told = Answer(NOT_IN_MEMORY, False)
    else:
        with narrator() as progress:
            embedder.load(progress)
        where = Where(tuple(name for one in source or () for name in names.patterns(one)), tuple(kind or ()))
        told = aio.run(answer(question, Retriever(store, embedder), decoder.opened(settings), where))
    sys.stdout.write(to_line(_described(told)) + "\n" if as_json else _shown(told))
    return 0


def summarise(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file of any kind that `add` takes.")],
    words: Annotated[int, typer.Option("--words", min=20, max=1_000, help="Length of the summary, about.")] = 150,
    model: Model = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> int:
    """Summarise a document, however long; nothing of it is stored."""
    from agentx.cli import aio
    from agentx.models.progress import narrator
    from agentx_memory.ingest import Skipped, read_document
    from agentx_memory.retrieval.summarise import summarise as summary_of

    settings = decoder.settings(model, threads)
    embedder = places.embedder_of(settings.tool_settings.get("recall", {}))
    with narrator() as progress:
        embedder.load(progress)
    document = read_document(names.path_of(str(path)), embedder=embedder)
    if isinstance(document, Skipped):
        raise UsageError(f"{one_line(str(path))} cannot be summarised: {document.reason}")

    def told(done: int, total: int) -> None:
        sys.stderr.write(f"summarised {done} of {total}\n")

    texts = [chunk.text for chunk in document.chunks]
    made = aio.run(summary_of(texts, decoder.opened(settings), words=words, progress=told))
    if as_json:
        sys.stdout.write(to_line({"path": str(path), **asdict(made)}) + "\n")
    else:
        sys.stdout.write(f"{visible(made.text)}\n")
    return 0


def _described(told: "Answer") -> dict[str, Any]:
    return {
        "answer": told.text,
        "found": told.found,
        "citations": [asdict(one) for one in told.citations],
        "passages": [{"place": hit.place, "score": hit.score, "reason": hit.reason} for hit in told.passages],
        "usage": asdict(told.usage),
    }


def _shown(told: "Answer") -> str:
    lines = [visible(told.text), *([""] if told.citations else [])]
    for one in told.citations:
        strange = " (text of strangers)" if one.untrusted else ""
        lines.append(f"[{one.number}] {one_line(one.place)}{strange}")
    return "\n".join(lines) + "\n"
