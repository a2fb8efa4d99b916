"""Makes text for a prompt of a fetched document: Markdown of a web page, other text as it is."""

import codecs
import re

from agentx.errors import ToolError
from agentx_tools.download import Document
from agentx_tools.text import decode, is_binary

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_TEXT = re.compile(r"text/.*|application/(.*\+)?(json|xml|yaml|javascript|x-ndjson|toml|sql)")
_DECLARED = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LOOKED_AT_BYTES = 2048


def to_text(document: Document, links_up_to_bytes: int) -> str:
    """Title, address and Markdown of an HTML page, with its links if all of it then fits `links_up_to_bytes`.

    Raises:
        ToolError: the document is binary.
    """
    is_html = document.media_type in _HTML or (
        not document.media_type and b"<html" in document.content[:_LOOKED_AT_BYTES].lower()
    )
    if not is_html and not _TEXT.fullmatch(document.media_type or "text/plain"):
        raise ToolError(f"{document.url} is no text but {document.media_type}.")
    if is_binary(document.content):
        raise ToolError(f"{document.url} is no text but binary data.")
    text = decoded(document, is_html)
    return _article(text, document.url, links_up_to_bytes) if is_html else text


def decoded(document: Document, is_html: bool = False) -> str:
    """Text by the byte order mark, else the header's charset, else the one an HTML page declares, else a guess."""
    content = document.content
    declared = _DECLARED.search(content[:_LOOKED_AT_BYTES]) if is_html else None
    for charset in (document.charset, declared and declared[1].decode("ascii")):
        try:
            codec = codecs.lookup(charset or "").name
            # A mark says more than a header, and Latin-1 on the web means Windows-1252.
            if not content.startswith(_MARKS):
                return content.decode("cp1252" if codec in ("iso8859-1", "ascii") else codec, "replace")
        except (LookupError, ValueError):
            continue  # none given, an unknown one, or a codec that makes no text
    return decode(content, document.url).text


def _article(html: str, url: str, links_up_to_bytes: int) -> str:
    import trafilatura

    metadata = trafilatura.extract_metadata(html)
    title = " ".join(str((metadata and metadata.title) or "").split()) or "(no title)"
    body = _markdown(html, url, links=True)
    if len(body.encode()) > links_up_to_bytes:
        body = _markdown(html, url, links=False)
    body = body or trafilatura.html2txt(html).strip() or "(the page holds no text)"
    return f"# {title}\nURL: {url}\n\n{body}"


def _markdown(html: str, url: str, links: bool) -> str:
    import trafilatura

    text = trafilatura.extract(
        html,
        url=url,
        output_format="markdown",
        include_links=links,
        include_tables=True,
        include_comments=False,
        favor_recall=True,
    )
    return (text or "").strip()
