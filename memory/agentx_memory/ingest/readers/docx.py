"""A Word document: a section for what lies under each heading."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO
from zipfile import BadZipFile, ZipFile

from agentx_memory.chunks import Section
from agentx_memory.ingest.opening import Unreadable
from agentx_memory.ingest.readers import Text

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table
    from docx.text.paragraph import Paragraph

MAX_UNPACKED_BYTES = 100 * 2**20
MAX_XML_BYTES = 20 * 2**20
"""The parser takes some ten times as much."""

MAX_PARTS = 10_000
_ENCRYPTED = 0x1


def read(file: BinaryIO, name: str) -> Text:
    _check(file)
    import docx

    try:
        document = docx.Document(file)
        title = document.core_properties.title or ""
    except MemoryError:
        raise
    except Exception as error:  # the library raises its own kinds, those of lxml and bare KeyErrors
        raise Unreadable(f"It is a damaged Word document ({type(error).__name__}).") from None
    return Text(_sections(document), " ".join(title.split()))


def _check(file: BinaryIO) -> None:
    """Looks at the sizes in the directory. `zipfile` never unpacks more of a part than stands there."""
    try:
        with ZipFile(file) as parts:
            infos = parts.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable("It is a damaged Word document.") from None
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise Unreadable("It is packed with a password; save it without one.")
    total = sum(info.file_size for info in infos)
    xml = sum(info.file_size for info in infos if info.filename.lower().endswith((".xml", ".rels")))
    if total > MAX_UNPACKED_BYTES or xml > MAX_XML_BYTES or len(infos) > MAX_PARTS:
        raise Unreadable(
            f"It would unpack to {total / 2**20:,.0f} MiB in {len(infos):,} parts, more than is read of a document."
        )
    file.seek(0)


def _sections(document: "Document") -> Iterator[Section]:
    from docx.text.paragraph import Paragraph

    path: list[tuple[int, str]] = []
    body: list[str] = []
    for block in document.iter_inner_content():
        level = _level(block) if isinstance(block, Paragraph) else None
        if level is None:
            body.append(block.text if isinstance(block, Paragraph) else _table(block))
            continue
        yield from _section(body, path)
        body = []
        path = [(depth, name) for depth, name in path if depth < level]
        path.append((level, " ".join(block.text.split()) if isinstance(block, Paragraph) else ""))
    yield from _section(body, path)


def _section(body: list[str], path: list[tuple[int, str]]) -> Iterator[Section]:
    text = "\n".join(body)
    if text.strip():
        yield Section(text, tuple(name for _, name in path if name))


def _level(paragraph: "Paragraph") -> int | None:
    """Of a heading, from 1; None for other paragraphs. The names of Word's own styles are English in every language."""
    style = paragraph.style
    found = re.fullmatch(r"(?i)heading (\d)", (style.name or "") if style is not None else "")
    return int(found[1]) if found else None


def _table(table: "Table") -> str:
    """A line for each row. A merged cell is in each of its places, and is written once."""
    rows: list[str] = []
    for row in table.rows:
        cells = {id(cell._tc): " ".join(cell.text.split()) for cell in row.cells}  # pyright: ignore[reportPrivateUsage]
        rows.append(" | ".join(cells.values()))
    return "\n".join(rows)
