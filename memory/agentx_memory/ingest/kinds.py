"""Which reader a file is for, by its name and its first bytes."""

from importlib import import_module
from pathlib import PurePath

from agentx_memory.ingest.opening import Unreadable
from agentx_memory.ingest.readers import Reader

_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".mkd"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
_TABLE = frozenset({".csv", ".tsv"})
_CODE = (
    ".py .pyi .js .mjs .cjs .jsx .ts .mts .cts .tsx .java .go .rs .c .h .cc .cpp .cxx .hh .hpp .hxx .cs .rb .php"
    " .swift .kt .kts .scala .lua .pl .pm .r .jl .hs .ml .ex .exs .erl .clj .dart .zig .sh .bash .zsh .fish .ps1 .sql"
)
_BINARY = {
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "compressed",
    b"7z\xbc\xaf": "an archive",
    b"SQLite format 3": "a database",
}
SNIFFED_BYTES = 4096


def kind_of(name: str, head: bytes) -> str:
    """ "text", "markdown", "html", "pdf", "docx", "code" or "csv".

    Args:
        head: the first `SNIFFED_BYTES` of the file.

    Raises:
        Unreadable: no reader is for it.
    """
    suffix = PurePath(name).suffix.lower()
    # A PDF may begin with something else, but of a text the mark may be the subject.
    if head.startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head[:1024]):
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        if suffix == ".docx" or b"word/" in head:
            return "docx"
        raise Unreadable("It is an archive, or packed like one, which is not read.")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("It is an encrypted or an old Office document; save it as .docx without a password.")
    if suffix in (".pdf", ".docx"):
        raise Unreadable(f"It is called {suffix} and is none.")
    for mark, what in _BINARY.items():
        if head.startswith(mark):
            raise Unreadable(f"It is {what}, not text.")
    return _kind_of_text(suffix, head)


def reader_of(kind: str) -> Reader:
    """The reader of a kind; loads its parser."""
    return import_module(f"agentx_memory.ingest.readers.{kind}").read


def _kind_of_text(suffix: str, head: bytes) -> str:
    for kind, suffixes in (("markdown", _MARKDOWN), ("csv", _TABLE), ("code", _CODE.split()), ("html", _HTML)):
        if suffix in suffixes:
            return kind
    begin = head[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "html" if begin.startswith((b"<!doctype html", b"<html")) else "text"
