"""`agentx sessions fork`, `export` and `import`: a session that goes another way, or elsewhere."""

import contextlib
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Annotated, TextIO

import typer

from agentx.cli import exporting
from agentx.cli.sessions_named import Session, opened, resolved
from agentx.errors import UsageError
from agentx.journal import Journal


def fork(
    session: Session,
    at: Annotated[
        int | None, typer.Option("--at", metavar="N", help="The event to go on from; `show --numbers` has them.")
    ] = None,
    title: Annotated[str, typer.Option("--title", help="What the list shows.")] = "",
) -> int:
    """Begin a new session with the events of another, up to one of them; print its id."""
    with opened() as journal:
        sys.stdout.write(journal.fork(resolved(journal, session), at, title.strip()) + "\n")
    return 0


def export(
    session: Session,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Instead of stdout.")] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="jsonl|md|html", help="By the file's ending, else JSON Lines.")
    ] = None,
) -> int:
    """Write a session out: as JSON Lines, which `import` reads, or to be read by people."""
    chosen = exporting.named(form or _by_ending(out))
    with opened() as journal:
        lines = exporting.lines(journal, resolved(journal, session), chosen)
        if out is None:
            for line in lines:
                sys.stdout.write(line + "\n")
        else:
            _write(out, lines)
    return 0


def read_in(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `export` wrote; `-` reads stdin.")],
) -> int:
    """Read sessions from JSON Lines; print their ids, which stay as they were unless they are taken."""
    with _source(file) as lines, Journal.default() as journal:
        for old, name in journal.read_in(lines):
            sys.stdout.write(f"{name}\n")
            if name != old:
                sys.stderr.write(f"note: there was a session {old} already, so this one is {name}\n")
        sys.stderr.write("note: what was permitted in what was read in does not hold here\n")
    return 0


def _by_ending(out: Path | None) -> str:
    ending = out.suffix.lower() if out else ""
    return next((name for name, endings in exporting.FORMATS.items() if ending in endings), "jsonl")


def _write(out: Path, lines: Iterable[str]) -> None:
    try:
        out.write_bytes(exporting.encoded(lines))
    except OSError as error:
        raise UsageError(f"{out} cannot be written ({error.strerror}); name another file with --out.") from None


@contextlib.contextmanager
def _source(file: str) -> Generator[TextIO]:
    try:
        if file == "-":
            yield sys.stdin
        else:
            with Path(file).open(encoding="utf-8") as lines:
                yield lines
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text; give what `agentx sessions export` wrote.") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}); check the path.") from None
