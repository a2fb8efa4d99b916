"""A PDF, a section for each page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from agentx_memory.chunks import Section
from agentx_memory.ingest.opening import Unreadable
from agentx_memory.ingest.readers import Text

if TYPE_CHECKING:
    import pypdfium2


def read(file: BinaryIO, name: str) -> Text:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise Unreadable("It is a PDF that needs a password; save it without one.") from None
        raise Unreadable("It is a damaged PDF.") from None
    return Text(_pages(pdf), " ".join(pdf.get_metadata_value("Title").split()))


def _pages(pdf: "pypdfium2.PdfDocument") -> Iterator[Section]:
    found = False
    for number in range(1, len(pdf) + 1):
        if text := _text(pdf, number - 1):
            found = True
            yield Section(text, page=number)
    if not found:
        raise Unreadable("It is a PDF without text, probably of scanned images.")


def _text(pdf: "pypdfium2.PdfDocument", index: int) -> str:
    """The text of a page; empty where the page is damaged."""
    import pypdfium2

    try:
        page: Any = pdf[index]
        text_page = page.get_textpage()
        text: str = text_page.get_text_bounded()
        text_page.close()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()
