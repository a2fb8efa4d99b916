"""Makes text for a prompt of a fetched document: Markdown of a web page, text of a PDF, other text as it is."""

import codecs
import re
from html.parser import HTMLParser

from agentx.errors import ToolError
from agentx.redaction import beginning
from agentx_tools.download import Document
from agentx_tools.text import decode, is_binary

MAX_CHARACTERS = 1_000_000
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_PDF = frozenset({"application/pdf", "application/x-pdf"})
_UNTYPED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_TEXT = re.compile(r"text/.*|application/(.*\+)?(json|xml|yaml|javascript|x-ndjson|toml|sql)")
_DECLARED = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LOOKED_AT_BYTES = 2048
# Codecs of Python that are no charsets of the web; the first takes hours over a large page.
_NO_CHARSETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})


def is_html(document: Document) -> bool:
    """By the server's word; where there is none, by how it begins."""
    return document.media_type in _HTML or (
        not document.media_type and b"<html" in document.content[:_LOOKED_AT_BYTES].lower()
    )


def is_pdf(document: Document) -> bool:
    """By the server's word; where there is none, by how it begins."""
    return document.media_type in _PDF or (document.media_type in _UNTYPED and document.content.startswith(b"%PDF-"))


def to_text(document: Document, links_up_to_bytes: int | None) -> str:
    """Title, address and text of an HTML page or a PDF, or the text of another document; at most `MAX_CHARACTERS`.

    Args:
        links_up_to_bytes: a page has its links if all of it then fits in so many; with None it is not made Markdown.

    Raises:
        ToolError: the document is binary, or a PDF that is damaged or encrypted.
    """
    text = _to_text(document, links_up_to_bytes)
    if len(text) <= MAX_CHARACTERS:
        return text
    shown = beginning(text, MAX_CHARACTERS)
    return f"{shown}\n[… {len(text) - len(shown):,} more characters are left out …]"


def _to_text(document: Document, links_up_to_bytes: int | None) -> str:
    if is_pdf(document):
        from agentx_tools.pdf import to_text as pdf_to_text

        return pdf_to_text(document, MAX_CHARACTERS)
    html = is_html(document)
    if not html and not _TEXT.fullmatch(document.media_type or "text/plain"):
        raise ToolError(f"{document.url} is no text but {document.media_type[:100]}.")
    if is_binary(document.content):
        raise ToolError(f"{document.url} is no text but binary data.")
    text = decoded(document, html)
    return _article(text, document.url, links_up_to_bytes) if html else text


def decoded(document: Document, is_html: bool = False) -> str:
    """Text by the byte order mark, else the header's charset, else the one an HTML page declares, else a guess."""
    content = document.content
    declared = _DECLARED.search(content[:_LOOKED_AT_BYTES]) if is_html else None
    for charset in (document.charset, declared and declared[1].decode("ascii")):
        try:
            codec = codecs.lookup(charset or "").name
            if codec.replace("_", "-") in _NO_CHARSETS:
                continue
            # A mark says more than a header, and Latin-1 on the web means Windows-1252.
            if not content.startswith(_MARKS):
                return content.decode("cp1252" if codec in ("iso8859-1", "ascii") else codec, "replace")
        except (LookupError, ValueError):
            continue  # none given, an unknown one, or a codec that makes no text
    return decode(content, document.url).text


def _article(html: str, url: str, links_up_to_bytes: int | None) -> str:
    if links_up_to_bytes is None:
        return _headed("", url, plain(html))
    import trafilatura

    try:
        metadata = trafilatura.extract_metadata(html)
        title = " ".join(str((metadata and metadata.title) or "").split())
        body = _markdown(html, url, links=True)
        if len(body.encode("utf-8", "replace")) > links_up_to_bytes:
            body = _markdown(html, url, links=False)
        body = body or trafilatura.html2txt(html).strip()
    except Exception:  # whatever a parser of pages makes of one that was made to break it
        title, body = "", ""
    # A tree deeper than libxml2 takes has no text for it.
    return _headed(title, url, body or plain(html))


def _headed(title: str, url: str, body: str) -> str:
    return f"# {title or '(no title)'}\nURL: {url}\n\n{body or '(the page holds no text)'}"


def plain(html: str) -> str:
    """The text between the tags, a line a block, however they are nested."""
    parser = _Plain()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.pieces).splitlines())
    return "\n".join(filter(None, lines))


class _Plain(HTMLParser):
    _HIDDEN = frozenset({"script", "style", "title"})
    _INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "s", "small", "span", "strong", "sub", "sup", "u"})

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden_in = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._hidden_in and tag in self._HIDDEN:
            self._hidden_in = tag
        self._broken_at(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden_in:
            self._hidden_in = ""
        self._broken_at(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden_in:
            self.pieces.append(data)

    def _broken_at(self, tag: str) -> None:
        if tag not in self._INLINE:
            self.pieces.append("\n")


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
