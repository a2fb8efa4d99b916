"""Cuts a long section to blocks that a tokenizer takes at once: the places of its tokens are 40 times its own size."""

from collections.abc import Iterator
from dataclasses import replace

from agentx_memory.chunks import Section

MAX_CHARACTERS = 32_768


def blocks(section: Section) -> Iterator[Section]:
    """The section in parts that, joined, are its text: cut at ends of paragraphs, lines or words, if there are any."""
    text, begin, line = section.text, 0, section.line
    while len(text) - begin > MAX_CHARACTERS:
        end = _end(text, begin + MAX_CHARACTERS // 2, begin + MAX_CHARACTERS)
        yield replace(section, text=text[begin:end], line=line)
        if line is not None and section.last_line is None:
            line += text.count("\n", begin, end)
        begin = end
    yield replace(section, text=text[begin:], line=line)


def _end(text: str, low: int, high: int) -> int:
    for mark in ("\n\n", "\n", " "):
        found = text.rfind(mark, low, high)
        if found >= 0:
            return found + len(mark)
    return high
