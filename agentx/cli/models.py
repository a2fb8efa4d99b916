"""`agentx models`: what is here, what can be had, and fetching it. Data goes to stdout, narration to stderr."""

import json
import sys
from typing import Annotated

import typer

from agentx import config, plugins
from agentx.cli import options
from agentx.cli.setup import folder
from agentx.errors import ModelFileError, ModelNotFound, UsageError
from agentx.models.acquire import Store
from agentx.models.catalog import Entry
from agentx.models.gguf import read_header
from agentx.models.progress import JsonLines, ProgressSink, closing, megabytes, narrator
from agentx.models.scan import Found, usual_places

app = typer.Typer(help="Models: what is here, what can be had, and fetching it.", no_args_is_help=True)

Model = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="A catalogue name, a GGUF path or hf://owner/repo/file.gguf; without it, the model that is set, or else "
        "the catalogue's default.",
    ),
]


@app.command("list")
def list_models(context: typer.Context) -> None:
    """Lists the catalogue; * marks its default model, and ADAPTER is what a model runs under by default."""
    store = _store(context)
    rows = [("", "NAME", "SIZE", "CONTEXT", "LICENCE", "HERE", "DESCRIPTION")]
    adapters: list[str] = []
    with narrator() as progress:
        for entry in store.catalog:
            mark = "*" if entry is store.catalog.default else ""
            here = _here(store, entry.name, progress)
            size, length = megabytes(entry.total_bytes), str(entry.context_tokens)
            rows.append((mark, entry.name, size, length, entry.licence, here, entry.description))
            adapters.append(_adapter(entry))
    if any(adapters):
        rows = [(*row[:-1], adapter, row[-1]) for row, adapter in zip(rows, ["ADAPTER", *adapters], strict=True)]
    _print_table(rows)


@app.command()
def scan(context: typer.Context) -> None:
    """Shows the GGUF files in the usual places: Hugging Face, LM Studio, Ollama, llama.cpp, downloads, this folder."""
    store = _store(context)
    rows = [("SIZE", "ARCHITECTURE", "CATALOGUE", "PLACE", "PATH")]
    with narrator() as progress:
        for found in usual_places():
            if architecture := _architecture(found):
                entry = store.known_as(found.path, progress)
                name = entry.name if entry else "-"
                rows.append((megabytes(found.size), architecture, name, found.place, str(found.path)))
    if len(rows) == 1:
        typer.echo("No GGUF file lies in the usual places.", err=True)
        return
    _print_table(rows)


@app.command()
def pull(
    context: typer.Context,
    name: Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="Progress as JSON on stdout, one object a line.")] = False,
) -> None:
    """Fetches a model, going on where an earlier pull broke off, and checks its SHA-256."""
    name, store = _chosen(name), _store(context)
    with closing(JsonLines(sys.stdout)) if as_json else narrator() as progress:
        resolved = store.pull(name, progress)
    if as_json:
        paths = {file: str(path) for file, path in resolved.paths.items()}
        typer.echo(json.dumps({"event": "done", "name": resolved.name, "paths": paths}))
    else:
        typer.echo(f"{resolved.name} is at {resolved.path}", err=True)


@app.command()
def path(context: typer.Context, name: Model = None) -> None:
    """Prints where a model's file lies."""
    name = _chosen(name)
    with narrator() as progress:
        resolved = _store(context).resolve(name, progress)
    if resolved is None:
        raise _not_here(context, name)
    typer.echo(str(resolved.path))


@app.command()
def verify(context: typer.Context, name: Model = None) -> None:
    """Hashes a model's files anew and compares them with the pinned SHA-256."""
    name, store = _chosen(name), _store(context)
    with narrator() as progress:
        hashes = store.verify(name, progress)
        if not hashes:
            raise _not_here(context, name)
        for file, digest in hashes.items():
            typer.echo(f"{digest}  {file}")
            if store.known_as(file, progress) is None and not (name or "").startswith("hf://"):
                progress.note(f"no hash is pinned for {file}; only its header was checked")


@app.command()
def calibrate(name: Model = None, threads: options.Threads = None) -> None:
    """Measures where Yes begins for a model, which decides when it calls tools; takes a minute or two."""
    from agentx.cli.calibrate import calibrate_named

    calibrate_named(_configured() if name is None else name, threads)


@app.command()
def rm(context: typer.Context, name: Annotated[str, typer.Argument(help="A catalogue name.")]) -> None:
    """Deletes a model from AgentX's cache folder. Files of other programs are left alone."""
    store = _store(context)
    if name.startswith("hf://") or "/" in name:
        raise UsageError(f"`rm` only touches AgentX's cache folder, where `{name}` does not lie: delete it by hand.")
    entry = store.entry(name)
    with narrator() as progress:
        freed = store.remove(entry, progress)
        left = next((resolved for resolved in [store.resolve(name, progress)] if resolved), None)
    if freed:
        typer.echo(f"Freed {megabytes(freed)}.", err=True)
    if left is not None:
        typer.echo(f"{left.path} belongs to another program and was left alone.", err=True)
    elif not freed:
        typer.echo(f"Nothing of {entry.name} is in the cache folder.", err=True)


def _store(context: typer.Context) -> Store:
    # A test hands over a store of its own.
    return context.find_object(Store) or Store()


def _chosen(name: str | None) -> str | None:
    """The model that is meant: the one that was typed, or else the one that is set; None is the default one.

    Raises:
        UsageError: it is set to one whose files AgentX does not keep.
    """
    model = _configured() if name is None else name
    if name is None and model and ":" in model and model.partition(":")[0] in plugins.names("agentx.models"):
        raise UsageError(f"The setting `model` is {model}, of which AgentX keeps no file; name a model.")
    return model


def _configured() -> str | None:
    return config.load(folder(None)).settings.model


def _here(store: Store, name: str, progress: ProgressSink) -> str:
    try:
        return "yes" if store.resolve(name, progress) else "no"
    except ModelFileError:
        return "damaged"


def _adapter(entry: Entry) -> str:
    """The file of a model's default adapter; "unusable" where it is not what it was, empty where there is none."""
    from agentx.models.default_adapters import known

    found = known(entry.files[0].sha256)
    return found.adapter.path if found.adapter else "unusable" if found.problem else ""


def _architecture(found: Found) -> str:
    """What the header says; empty for a file that is no GGUF and does not claim to be one."""
    try:
        return read_header(found.path).architecture or "?"
    except ModelFileError:
        return "damaged" if found.path.suffix == ".gguf" or found.place == "Ollama" else ""


def _not_here(context: typer.Context, name: str | None) -> ModelNotFound:
    shown = name or _store(context).catalog.default.name
    return ModelNotFound(f"{shown} is not on this machine: `agentx models pull {shown}` fetches it.")


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
