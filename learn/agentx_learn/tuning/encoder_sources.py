"""What DATA of `agentx tune encoder` means: memory's own chunks, a text file, or rows with a column of texts."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentx.cli.text import one_line
from agentx_learn.tuning.checks import refuse_twice, require_column, texts_of
from agentx_learn.tuning.out_folder import write_private
from agentx_learn.tuning.rows import DataError, Table, read_paragraphs
from agentx_learn.tuning.sources import read_table

MEMORY = "memory"
_ALL = 1_000_000
_PLAIN = (".txt", ".text", ".md")


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns that count; rows with the same `group` are one document."""

    text: str = "text"
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What is never parted.

    Attributes:
        texts: in order, each a chunk, a row or a paragraph.
        untrusted: it is text of strangers.
    """

    name: str
    texts: tuple[str, ...]
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Attributes:
    name: of the data, as shown to a person.
    described: its SHA-256, its licence if that is known, and what else the card tells.
    """

    name: str
    documents: Sequence[Document]
    described: Mapping[str, Any]


def read(data: str, columns: Columns, kept: Path | None = None) -> Read:
    """Reads and checks all texts; see `encoder_data.read_corpus`.

    Raises:
        DataError: there are none, or something is wrong with them; the sentence names the rows.
        ConfigError, StorageError: the memory cannot be read.
    """
    if data == MEMORY:
        return read_kept(kept) if kept is not None and kept.is_file() else read_memory()
    path = Path(data).expanduser()
    table = read_paragraphs(path) if path.suffix.lower() in _PLAIN else read_table(data)
    texts = texts_of(table, columns.text, "--text")
    refuse_twice(table)
    described = {"sha256": table.sha256, "licence": table.licence}
    return Read(table.name, _grouped(table, _names(table, path, columns), texts), described)


def read_memory() -> Read:
    """The chunks of the memory that the agent's tools use, by document; notes are documents of their own."""
    from agentx import config
    from agentx.shelf import open_shelf

    shelf = open_shelf(config.load(Path.cwd()).settings.tool_settings)
    held = list(shelf.collections())
    own: str = getattr(shelf, "own", "") or next(iter(held), "")
    documents: list[Document] = []
    # Other collections were put aside by a person.
    for one in sorted(shelf.documents(own, _ALL) if own in held else [], key=lambda each: each.key):
        passages = shelf.passages(own, one.key)
        if texts := tuple(passage.text for passage in passages if passage.text.strip()):
            documents.append(Document(one.key, texts, one.untrusted))
    if not documents:
        others = ", ".join(one_line(name, 40) for name in held if name != own)
        but = f", but in collections that the agent does not use ({others})" if others else ""
        raise DataError(f"The memory holds no text{but}; add some by `agentx memory add PATH`, or name a file.")
    return _of_memory(documents)


def write_kept(documents: Sequence[Document], path: Path) -> None:
    """Keeps the memory's texts for a run that is gone on with, readable by their owner alone."""
    write_private("".join(map(_line, documents)), path)


def read_kept(path: Path) -> Read:
    """As `read_memory` gave it when a run began that is gone on with.

    Raises:
        DataError: the file is damaged.
    """
    try:
        plain = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
        documents = [Document(each["name"], tuple(each["texts"]), each["untrusted"]) for each in plain]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged, so that the run cannot go on; begin anew in another --out.") from error
    return _of_memory(documents)


def _of_memory(documents: Sequence[Document]) -> Read:
    digest = hashlib.sha256("".join(map(_line, documents)).encode()).hexdigest()
    return Read("the memory", documents, {"sha256": digest, "licence": ""})


def _line(document: Document) -> str:
    return json.dumps(asdict(document)) + "\n"


def _names(table: Table, path: Path, columns: Columns) -> list[str]:
    """Of each row the document that it is of."""
    if path.suffix.lower() in _PLAIN:
        return [table.name] * len(table.rows)
    if columns.group is None:
        return [f"{table.unit} {row.number}" for row in table.rows]
    require_column(table, columns.group, "--group")
    return [str(row.values[columns.group]) for row in table.rows]


def _grouped(table: Table, names: Sequence[str], texts: Sequence[str]) -> list[Document]:
    found: dict[str, list[str]] = {}
    for name, text in zip(names, texts, strict=True):
        found.setdefault(name, []).append(text)
    return [Document(name, tuple(each)) for name, each in found.items()]
