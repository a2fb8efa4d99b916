"""A session as a file: JSON Lines, which `agentx sessions import` reads, or Markdown or HTML to be read by people."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from agentx.cli.sessions_transcript import html, markdown
from agentx.errors import UsageError
from agentx.journal import Journal

FORMATS = {"jsonl": (".jsonl", ".json"), "md": (".md", ".markdown"), "html": (".html", ".htm")}
"""Each with the endings of files that mean it."""

_TRIES = 1000


def named(form: str) -> str:
    """The format that a word means; `json` means JSON Lines.

    Raises:
        UsageError: there is no such format.
    """
    chosen = {"json": "jsonl", "markdown": "md"}.get(form, form)
    if chosen not in FORMATS:
        raise UsageError(f"There is no format `{form}`; the formats are: {', '.join(FORMATS)}.")
    return chosen


def lines(journal: Journal, session_id: str, form: str) -> Iterator[str]:
    """The lines of a session in one of `FORMATS`.

    Raises:
        UsageError: no such session.
    """
    if form == "jsonl":
        return journal.export(session_id)
    events = (event for _, event in journal.iterate(session_id))
    return (markdown if form == "md" else html)(journal.session(session_id), events)


def encoded(lines: Iterable[str]) -> bytes:
    """The content of a file of these lines; what UTF-8 cannot say is written as an escape."""
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def new_file(journal: Journal, session_id: str, form: str, folder: Path) -> Path:
    """Writes a session in one of `FORMATS` as `put` does; returns the path.

    Raises:
        UsageError: no such session, or the folder cannot be written.
    """
    return put(folder, session_id, FORMATS[form][0], encoded(lines(journal, session_id, form)))


def put(folder: Path, session_id: str, ending: str, content: bytes) -> Path:
    """Writes something of a session into a file of its own in a folder, over nothing that is there; returns its path.

    Raises:
        UsageError: the folder cannot be written.
    """
    plain = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in session_id)[:100]
    for number in range(1, _TRIES):
        path = folder / f"session-{plain}{f'-{number}' if number > 1 else ''}{ending}"
        try:
            with path.open("xb") as file:
                file.write(content)
            return path
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(f"{path} cannot be written ({error.strerror}); check that folder.") from None
    raise UsageError(f"{folder} holds {_TRIES:,} exports of this session; remove some of them.")
