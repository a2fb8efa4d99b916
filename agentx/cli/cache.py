"""`agentx cache`: what earlier runs left on disk so that the next one starts sooner."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from agentx.cli.output import to_line
from agentx.cli.tables import table
from agentx.decoding import snapshots
from agentx.decoding.snapshots import SNAPSHOT, VOCABULARY, Entry
from agentx.errors import StorageError
from agentx.models.progress import megabytes

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]
_CONTENT = {SNAPSHOT: "prompt", VOCABULARY: "vocabulary"}


@app.command("list")
def list_files(as_json: AsJson = False) -> int:
    """List what is kept, the latest used first."""
    entries = snapshots.listing(snapshots.folder())
    if as_json:
        for entry in entries:
            sys.stdout.write(to_line(_described(entry)) + "\n")
        return 0
    rows = [
        (
            entry.model or "?",
            _content(entry),
            str(entry.tokens) if entry.kind == SNAPSHOT else "-",
            megabytes(entry.bytes),
            _time(entry).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            entry.path.name,
        )
        for entry in entries
    ]
    sys.stdout.write(table([("MODEL", "CONTENT", "TOKENS", "SIZE", "LAST USE", "FILE"), *rows]) + "\n")
    limit = megabytes(snapshots.cap_from_environment())
    sys.stderr.write(f"{megabytes(_size(entries))} of at most {limit} in {snapshots.folder()}\n")
    return 0


@app.command()
def clear(as_json: AsJson = False) -> int:
    """Delete all of it; the next run reads its prompt anew."""
    try:
        gone = snapshots.clear(snapshots.folder())
    except OSError as error:
        raise StorageError(
            f"{error.filename} cannot be deleted ({error.strerror}); check the folder's permissions."
        ) from error
    if as_json:
        sys.stdout.write(to_line({"files": len(gone), "bytes": _size(gone)}) + "\n")
    else:
        files = "1 file" if len(gone) == 1 else f"{len(gone)} files"
        sys.stdout.write(f"Freed {megabytes(_size(gone))} ({files}).\n")
    return 0


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "file": str(entry.path),
        "content": _content(entry),
        "model": entry.model,
        "tokens": entry.tokens,
        "bytes": entry.bytes,
        "last_use": _time(entry).isoformat(timespec="seconds"),
    }


def _content(entry: Entry) -> str:
    return _CONTENT.get(entry.kind, "unfinished")


def _size(entries: Sequence[Entry]) -> int:
    return sum(entry.bytes for entry in entries)


def _time(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.last_use, UTC)
