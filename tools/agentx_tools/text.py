"""Bytes of a file as text and back, without loss."""

import codecs
import mimetypes
from dataclasses import dataclass

from agentx.errors import ToolError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")
_LOOKED_AT_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the encoding it was read by, a codec name of Python."""

    text: str
    encoding: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """Other text in the same encoding, with the same byte order mark.

        Raises:
            ToolError: the encoding lacks a character of the text.
        """
        codec = self.encoding
        if self.mark and codec != "utf-8-sig":
            codec = f"{codec}-{'le' if self.mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF32_LE) else 'be'}"
        try:
            return (b"" if codec == "utf-8-sig" else self.mark) + text.encode(codec)
        except UnicodeEncodeError as error:
            piece = error.object[error.start : error.start + 1]
            raise ToolError(f"The file is written in {self.encoding}, which has no {piece!r}; use another.") from None


def is_binary(data: bytes) -> bool:
    """True if no text of a common encoding looks like this; judged by the first 8 KiB."""
    if any(data.startswith(mark) for mark, _ in _MARKS):
        return False
    head = data[:_LOOKED_AT_BYTES]
    return b"\0" in head or sum(byte in _CONTROL for byte in head) * 50 > len(head)


def decode(data: bytes, name: str) -> Decoded:
    """Text by its byte order mark, else UTF-8, else Windows-1252, else Latin-1, which takes any bytes.

    Raises:
        ToolError: the bytes are no text; the sentence calls the file `name`.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Decoded(data.decode(encoding), encoding, mark)
            except UnicodeDecodeError:
                raise ToolError(f"`{name}` starts as {encoding} text and does not go on so; it is damaged.") from None
    if is_binary(data):
        kind = mimetypes.guess_type(name)[0] or "binary data"
        raise ToolError(f"`{name}` is not a text file ({kind}).")
    for encoding in ("utf-8", "cp1252"):
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    return Decoded(data.decode("latin-1"), "latin-1")
