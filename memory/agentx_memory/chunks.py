"""What the memory is made of: a document that was read, and the chunks of it that are found one by one."""

from dataclasses import dataclass

FACT = "fact"
"""`Document.kind` of what a person has told of themselves, in the first person."""

SAYINGS = ("note", FACT)
"""Kinds of documents that are no files."""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document as its reader found it, before it is cut to size.

    Attributes:
        heading: the headings above it, outermost first; the qualified name for a piece of source code.
        line: number of its first line in the file, from 1; None where the format has no lines.
        page: number of its page, from 1; None where the format has no pages.
        last_line: number of its last line, where the text is broken into other lines than the file is.
    """

    text: str
    heading: tuple[str, ...] = ()
    line: int | None = None
    page: int | None = None
    last_line: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document that fits the embedding model, with all that a citation of it needs.

    Attributes:
        text: as it stands in the document.
        heading: the headings above it, outermost first.
        first_line, last_line: lines of the file that it stands on, from 1, both inclusive; None where there are none.
        page: number of its page, from 1; None where there are none.
    """

    text: str
    heading: tuple[str, ...] = ()
    first_line: int | None = None
    last_line: int | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read and cut.

    Attributes:
        source: the file's absolute path, the page's address, or what else tells where it came from.
        kind: "text", "markdown", "html", "pdf", "docx", "code", "csv", "note" or "fact".
        digest: SHA-256 of what was read, in hex: the same again need not be cut or embedded again.
        untrusted: whether it is the text of strangers (the web), not of the user.
        key: tells it from other documents of its source, such as the notes of a session; "" where the source does.
        session: the session it comes from, "" for none.
        created: UTC in ISO 8601, "" for the time at which it is stored.
    """

    source: str
    kind: str
    digest: str
    chunks: tuple[Chunk, ...]
    title: str = ""
    untrusted: bool = False
    key: str = ""
    session: str = ""
    created: str = ""
