"""A text that was fetched, made a document like a file."""

import hashlib

from agentx_memory.chunks import Document, Section
from agentx_memory.ingest.cutting import Splitter, chunks
from agentx_memory.ingest.readers.markdown import marked
from agentx_memory.ingest.readers.text import MAX_BYTES


def page_document(address: str, markdown: str, *, embedder: Splitter) -> Document | None:
    """A web page, whose text was made Markdown by whoever fetched it, as the document of strangers that it is.

    It has headings, and no lines, since those of the Markdown are nowhere to be seen.

    Returns:
        None where it holds no text, or more than is read of a file.
    """
    content = markdown.encode("utf-8", "replace")
    if len(content) > MAX_BYTES:
        return None
    text = marked(content.decode().replace("\r\n", "\n"))
    sections = (Section(section.text, section.heading) for section in text.sections)
    cut = tuple(chunks(sections, embedder))
    if not cut:
        return None
    return Document(address, "html", hashlib.sha256(content).hexdigest(), cut, text.title, untrusted=True)
