"""A web page that was saved: what it says, without what surrounds it."""

import re
from typing import BinaryIO

from agentx_memory.chunks import Section
from agentx_memory.ingest.opening import Unreadable
from agentx_memory.ingest.readers import Text
from agentx_memory.ingest.readers.markdown import marked
from agentx_memory.ingest.readers.text import decoded

MAX_BYTES = 10 * 2**20
"""Of a page. Its tree takes some 25 times as much memory."""

MAX_PARSED = 2**19
"""Characters of a page whose article and headings are looked for, which takes 2 s for so many and grows with their
square. Of a longer page all text is taken."""

_DECLARED = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?([\w:.-]{1,40})""")
_CHARSETS = ("cp125", "iso-8859-", "windows-125", "koi8", "shift_jis", "euc-", "gb", "big5")


def read(file: BinaryIO, name: str) -> Text:
    """Headings are kept; lines are not, since those of the file are not those that a reader sees."""
    import trafilatura

    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Unreadable(f"It is a page of more than {MAX_BYTES // 2**20} MiB, more than is read.")
    html = _decoded(content)
    title, body = "", ""
    try:
        if len(html) <= MAX_PARSED:
            metadata = trafilatura.extract_metadata(html)
            title = " ".join(str((metadata and metadata.title) or "").split())
            body = trafilatura.extract(
                html, output_format="markdown", include_tables=True, include_formatting=True, favor_recall=True
            )
        body = body or trafilatura.html2txt(html)
    except MemoryError:
        raise
    except Exception as error:  # whatever a parser of pages makes of one that was made to break it
        raise Unreadable(f"It is built so that the parser of pages breaks off ({type(error).__name__}).") from None
    if not body.strip():
        raise Unreadable("It is a page without text; what a script would show is not read.")
    text = marked(body)
    return Text((Section(section.text, section.heading) for section in text.sections), title or text.title)


def _decoded(content: bytes) -> str:
    """By what the page declares, where that is one of the charsets whose bytes tell nothing."""
    declared = _DECLARED.search(content[:2048])
    name = declared[1].decode("ascii").lower() if declared else ""
    # Latin-1 on the web means Windows-1252.
    name = "cp1252" if name in ("iso-8859-1", "latin1", "windows-1252") else name
    if name.startswith(_CHARSETS):
        try:
            return content.decode(name, "replace")
        except LookupError:
            pass
    return decoded(content)
