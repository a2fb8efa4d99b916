"""Plain text in whatever encoding."""

import codecs
import re
from typing import BinaryIO

from agentx_memory.chunks import Section
from agentx_memory.ingest.opening import Unreadable
from agentx_memory.ingest.readers import Text

MAX_BYTES = 20 * 2**20
"""Of a file that is text."""

MAX_LINE = 1_000_000
"""Characters of a line. A longer one is data, or a program's output that nobody reads."""

_GUESSED_BYTES = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def read(file: BinaryIO, name: str) -> Text:
    return Text([Section(text_of(file), line=1)])


def text_of(file: BinaryIO, max_line: int = MAX_LINE) -> str:
    """The text with `\\n` for each end of a line, so that the numbers of lines are those of an editor.

    Raises:
        Unreadable: it is too long, is binary, or is in no encoding that can be told.
    """
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Unreadable(f"It holds more than {MAX_BYTES // 2**20} MiB of text, more than is read; split it.")
    text = decoded(content).replace("\r\n", "\n").replace("\r", "\n")
    start = 0
    while start < len(text):
        end = text.find("\n", start) % (len(text) + 1)
        if end - start > max_line:
            line = text.count("\n", 0, start) + 1
            raise Unreadable(f"Its line {line} has {end - start:,} characters, so it is data rather than text.")
        start = end + 1
    return text


def decoded(content: bytes) -> str:
    """Text by its byte order mark, else UTF-8, else by a guess from how often its letters occur.

    Raises:
        Unreadable: it is binary, or its encoding cannot be told.
    """
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return _checked(content.decode(codec, "replace"))
    if b"\0" in content:
        raise Unreadable("It holds NUL bytes, so it is binary, not text.")
    try:
        return _checked(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _checked(content.decode(_guessed(content), "replace"))


def _guessed(content: bytes) -> str:
    """What the first bytes beyond ASCII look like."""
    from charset_normalizer import from_bytes

    first = next((place for place, byte in enumerate(content) if byte > 127), 0)
    sample = content[max(0, first - _GUESSED_BYTES // 2) :][:_GUESSED_BYTES]
    found = from_bytes(sample).best()
    if found is None:
        raise Unreadable("It is binary, or text in an encoding that cannot be told; save it as UTF-8.")
    return found.encoding


def _checked(text: str) -> str:
    if len(_CONTROL.findall(text, 0, 65536)) > len(text[:65536]) / 100:
        raise Unreadable("It holds control characters as binary data does, so it is not taken for text.")
    return text
