"""The text of a PDF, page by page.

PDFium is not safe in threads, and reads files of strangers in C++: it is called in a process of its own (`reading`).
"""

from typing import TYPE_CHECKING

from agentx.errors import ToolError
from agentx_tools.download import Document

if TYPE_CHECKING:
    import pypdfium2

MAX_PAGES = 300


def to_text(document: Document, max_characters: int) -> str:
    """Title, address and the text of each page under a mark `[page N of M]`.

    Args:
        max_characters: further pages are not read once there are more.

    Raises:
        ToolError: the document is encrypted or damaged, or holds no text.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(document.content) as pdf:
            return _text(pdf, document.url, max_characters)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise ToolError(f"{document.url} is a PDF that needs a password, so it cannot be read.") from None
        raise ToolError(f"{document.url} is a damaged PDF, or none at all, and cannot be read.") from None


def _text(pdf: "pypdfium2.PdfDocument", url: str, max_characters: int) -> str:
    count = len(pdf)
    title = " ".join(pdf.get_metadata_value("Title").split())
    parts = [f"# {title or '(no title)'}\nURL: {url}"]
    length, words, number = 0, 0, 0
    for number in range(1, min(count, MAX_PAGES) + 1):
        text = _page_text(pdf, number - 1)
        parts.append(f"[page {number} of {count}]\n{text}".rstrip())
        length, words = length + len(text), words + len(text.split())
        if length > max_characters:
            break
    if not words:
        pages = "1 page" if count == 1 else f"{count} pages"
        raise ToolError(f"{url} is a PDF of {pages} without text, probably of scanned images.")
    if number < count:
        parts.append(f"[pages {number + 1} to {count} are left out]")
    return "\n\n".join(parts)


def _page_text(pdf: "pypdfium2.PdfDocument", index: int) -> str:
    import pypdfium2

    try:
        text = pdf[index].get_textpage().get_text_bounded()
    except pypdfium2.PdfiumError:
        return "(this page is damaged)"
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
