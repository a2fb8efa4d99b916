"""The verbs of `agentx memory`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentx.cli.options import AllowHost
from agentx.cli.output import to_line
from agentx.cli.tables import table
from agentx.cli.text import one_line, visible
from agentx.errors import UsageError
from agentx_memory import ask_command, asking, learn_command, names, places, showing
from agentx_memory.store import COLLECTION, Store, Where, open_store
from agentx_memory.web_pages import is_address

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder
    from agentx_memory.web_pages import Fetcher

app = typer.Typer(no_args_is_help=True)

Collection = Annotated[str, typer.Option("--collection", "-c", help="Name of the collection.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", help="Only such documents: note, fact, text, markdown, html, pdf, docx, code, csv; repeatable."
    ),
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="Only this document or folder, or a pattern with *; repeatable.")
]
Sessions = Annotated[list[str] | None, typer.Option("--session", help="Only what this session noted; repeatable.")]
Since = Annotated[str, typer.Option("--since", metavar="DATE", help="Only what was stored on that day or later.")]
Until = Annotated[str, typer.Option("--until", metavar="DATE", help="Only what was stored before that day.")]


@app.command()
def add(
    paths: Annotated[list[str], typer.Argument(metavar="PATH|URL...", help="Files, folders, and pages of the web.")],
    allow_host: AllowHost = None,
    collection: Collection = COLLECTION,
    as_json: AsJson = False,
) -> int:
    """Store files, folders and pages; what did not change costs nothing, and files of a folder that are gone go."""
    from agentx_memory.command_add import add_paths

    paths = [names.given(path) for path in paths]
    embedder = _embedder()
    fetcher = _fetcher(allow_host) if any(map(is_address, paths)) else None
    return add_paths(_store(collection, embedder.name), embedder, paths, as_json, fetcher)


@app.command()
def watch(
    folders: Annotated[list[str], typer.Argument(metavar="FOLDER...", help="Folders to keep in step with.")],
    collection: Collection = COLLECTION,
    as_json: AsJson = False,
) -> int:
    """Keep the memory in step with folders until Ctrl-C: what comes, changes and goes, a line for each."""
    from agentx_memory.command_watch import watch_folders

    folders = [names.given(folder) for folder in folders]
    embedder = _embedder()
    return watch_folders(_store(collection, embedder.name), embedder, folders, as_json)


@app.command()
def search(
    query: str,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Passages at most.")] = 5,
    kind: Kinds = None,
    source: Sources = None,
    session: Sessions = None,
    since: Since = "",
    until: Until = "",
    collection: Collection = COLLECTION,
    as_json: AsJson = False,
) -> int:
    """Find what fits a question, best first, with place and reason."""
    from agentx_memory.retrieval.search import Retriever

    where = _where(kind, source, session, since, until)
    embedder = _embedder()
    store = _store(collection, embedder.name)
    hits = Retriever(store, embedder).search(query, limit, where) if store.exists and store.count() else []
    if as_json:
        for hit in hits:
            sys.stdout.write(to_line(showing.described_hit(hit)) + "\n")
    elif hits:
        sys.stdout.write(showing.shown_hits(hits))
    else:
        sys.stderr.write("Nothing in the memory matches.\n")
    return 0


@app.command("list")
def list_documents(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the last stored first.")] = 100,
    kind: Kinds = None,
    source: Sources = None,
    session: Sessions = None,
    since: Since = "",
    until: Until = "",
    collection: Collection = COLLECTION,
    as_json: AsJson = False,
) -> int:
    """List what is stored, the last first."""
    store = _store(collection)
    found = store.sources(_where(kind, source, session, since, until))
    if as_json:
        for item in found[:limit]:
            sys.stdout.write(to_line(showing.described(item)) + "\n")
        return 0
    if not found:
        sys.stderr.write("The memory holds nothing of that kind.\n" if store.exists else "The memory is empty.\n")
        return 0
    rows = [showing.row(store, item) for item in found[:limit]]
    sys.stdout.write(table([showing.HEADS, *rows]) + "\n")
    if len(found) > limit:
        sys.stderr.write(f"{len(found) - limit:,} more; --limit shows them.\n")
    return 0


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A document's name, or a chunk's number, as `list` and `search` show.")],
    collection: Collection = COLLECTION,
    as_json: AsJson = False,
) -> int:
    """Show what is stored of a document, or one chunk between its neighbours."""
    store = _store(collection)
    for chunk in names.chunks_of(store, name):
        if as_json:
            sys.stdout.write(to_line(showing.described_chunk(chunk)) + "\n")
        else:
            sys.stdout.write(f"[{chunk.id}] {one_line(chunk.place)}\n{visible(chunk.text)}\n\n")
    return 0


@app.command()
def rm(
    documents: Annotated[list[str], typer.Argument(metavar="NAME...", help="Documents, folders, or patterns with *.")],
    yes: Yes = False,
    collection: Collection = COLLECTION,
) -> int:
    """Remove documents from the memory; the files themselves stay."""
    store = _store(collection)
    keys = list(dict.fromkeys(key for name in documents for key in names.keys_of(store, name)))
    if len(keys) > 1:
        asking.confirm(f"Remove {len(keys):,} documents from the memory?", yes)
    return _remove(store, keys)


@app.command()
def forget(
    words: Annotated[str, typer.Argument(help="What the notes to forget are about.")] = "",
    session: Sessions = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is in the collection.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Notes that are asked about.")] = 5,
    yes: Yes = False,
    collection: Collection = COLLECTION,
) -> int:
    """Forget notes and facts for good: those about a subject, one by one, those of a session, or all there is."""
    if sum((bool(words), bool(session), everything)) != 1:
        raise UsageError("Say what to forget: words that the notes are about, --session ID, or --all.")
    where = Where(sessions=tuple(map(names.given, session or ())))
    store = _store(collection)
    if not words:
        keys = [item.key for item in store.sources(where)]
        if keys:
            asking.confirm(f"Forget {len(keys):,} documents and notes?", yes)
        return _remove(store, keys)
    embedder = _embedder()
    store = _store(collection, embedder.name)
    return _remove(store, asking.chosen_notes(store, embedder, words, limit, yes))


@app.command()
def stats(collection: Collection = COLLECTION, as_json: AsJson = False) -> int:
    """Tell how much is stored, where, and under which embedding model."""
    told = showing.stats(_store(collection))
    if as_json:
        sys.stdout.write(to_line(told) + "\n")
    else:
        sys.stdout.write(table([("WHAT", "VALUE"), *((name, str(value)) for name, value in told.items())]) + "\n")
    return 0


@app.command()
def reindex(collection: Collection = COLLECTION) -> int:
    """Make the vectors anew after the embedding model was changed, and the other indexes with them."""
    from agentx_memory.command_add import bar

    embedder = _embedder()
    store = _store(collection, embedder.name)
    with bar("chunks") as progress:
        made = store.reindex(embedder.embed, progress)
    sys.stderr.write(f"{made:,} chunks have new vectors of {embedder.name}.\n")
    return 0


@app.command()
def export(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    plain: Annotated[bool, typer.Option("--plain", help="Without a passphrase: who has the file can read it.")] = False,
    collection: Collection = COLLECTION,
) -> int:
    """Write all that is stored to a file, sealed with a passphrase."""
    from agentx_memory.command_add import bar
    from agentx_memory.transfer import export as write

    if path.exists():
        raise UsageError(f"{path} is there already; name another file.")
    passphrase = None if plain else asking.passphrase(new=True)
    with bar("documents") as progress:
        count = write(_store(collection), path, passphrase, progress)
    sys.stderr.write(f"{count:,} documents are in {one_line(str(path))}.\n")
    return 0


@app.command("import")
def import_file(path: Annotated[Path, typer.Argument(metavar="FILE")], collection: Collection = COLLECTION) -> int:
    """Add what an export holds to what is stored."""
    from agentx_memory.command_add import bar
    from agentx_memory.transfer import import_, is_sealed

    passphrase = asking.passphrase() if is_sealed(path) else None
    embedder = _embedder()
    store = _store(collection, embedder.name)
    count = 0
    with bar("documents") as progress:
        for count, _ in enumerate(import_(store, embedder, path, passphrase), 1):
            progress(count, 0)
    store.follow()
    sys.stderr.write(f"{count:,} documents came from {one_line(str(path))}.\n")
    return 0


app.command()(ask_command.ask)
app.command()(ask_command.summarise)
app.command()(learn_command.learn)


def _remove(store: Store, keys: list[str]) -> int:
    for key in keys:
        store.remove(key)
    if keys:
        store.compact()
    sys.stderr.write(f"{len(keys):,} removed.\n" if keys else "Nothing to remove.\n")
    return 0


def _where(
    kinds: list[str] | None, sources: list[str] | None, sessions: list[str] | None, since: str, until: str
) -> Where:
    return Where(
        tuple(name for source in sources or () for name in names.patterns(source)),
        tuple(kinds or ()),
        tuple(map(names.given, sessions or ())),
        names.utc(since, "--since"),
        names.utc(until, "--until"),
    )


def _settings() -> dict[str, Any]:
    """Those of the tool `recall`, so that the command and the tool look into the same memory."""
    from agentx import config

    return config.load(Path.cwd()).settings.tool_settings.get("recall", {})


def _folder() -> Path:
    return places.folder_of(_settings())


def _store(collection: str, model: str = "") -> Store:
    return open_store(model, _folder(), collection)


def _fetcher(hosts: list[str] | None) -> "Fetcher":
    from agentx import config
    from agentx.cli.setup import checked_hosts
    from agentx_memory.web_pages import Fetcher

    return Fetcher(config.load(Path.cwd()).settings, checked_hosts(hosts))


def _embedder() -> "Embedder":
    return places.embedder_of(_settings())
