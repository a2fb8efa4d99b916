"""Markdown: a section for what lies under each heading."""

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from agentx_memory.chunks import Section
from agentx_memory.ingest.readers import Text
from agentx_memory.ingest.readers.text import text_of

MAX_PARSED = 2**21
"""Characters of a file whose headings are looked for, at some 100,000 a second. A longer one is taken as text."""

PART = 256 * 1024
"""Characters that the parser gets at a time, since it takes 150 times as much memory."""

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)?(---|\.\.\.)[ \t]*(\n|$)", re.DOTALL)
_BREAK = re.compile(r"\n(?=\n?#{1,6} )")
_TITLE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)


def read(file: BinaryIO, name: str) -> Text:
    return marked(text_of(file))


def marked(text: str) -> Text:
    """The sections of a Markdown text. A heading is in the path of its section, and not in the text, unless nothing
    else stands under it."""
    front = _FRONT_MATTER.match(text)
    head = front[0] if front else ""
    headings = list(_headings(text[len(head) :], head.count("\n"))) if len(text) <= MAX_PARSED else []
    named = _TITLE.search(head)
    title = named[1].strip().strip("\"'") if named else next((h[3] for h in headings if h[2] == 1), "")
    return Text(_sections(text, headings), title)


def _headings(text: str, line: int) -> Iterator[tuple[int, int, int, str]]:
    """First line (from 0), the line after it, level and words of each heading.

    Args:
        line: that the text begins on.
    """
    from markdown_it import MarkdownIt

    # Only blocks are wanted. Within quotes and lists a heading is no heading of the document.
    parser = MarkdownIt("commonmark").disable("inline")
    for part in _parts(text):
        for token, words in pairwise(parser.parse(part)):
            if token.type == "heading_open" and token.level == 0 and token.map:
                yield line + token.map[0], line + token.map[1], int(token.tag[1]), _words(words.content)
        line += part.count("\n")


def _parts(text: str) -> Iterator[str]:
    """A long text, cut before lines that look like headings after a blank line."""
    begin = 0
    while len(text) - begin > PART:
        found = _BREAK.search(text, begin + PART // 2, begin + PART)
        end = found.start() + 1 if found else text.rfind("\n", begin, begin + PART) + 1 or begin + PART
        yield text[begin:end]
        begin = end
    yield text[begin:]


def _sections(text: str, headings: list[tuple[int, int, int, str]]) -> Iterator[Section]:
    # Only `\n` ends a line, as for the parser: `str.splitlines` ends lines at what else Unicode has for it, too.
    lines = list(io.StringIO(text))
    path: list[tuple[int, str]] = []
    begin, heading_line = 0, 0
    for first, after, level, words in [*headings, (len(lines), len(lines), 0, "")]:
        body = "".join(lines[begin:first])
        names = tuple(name for _, name in path)
        if body.strip():
            yield Section(body, names, begin + 1)
        elif path and level <= path[-1][0]:
            yield Section("".join(lines[heading_line:begin]), names[:-1], heading_line + 1)
        path = [(depth, name) for depth, name in path if depth < level]
        if words:
            path.append((level, words))
        begin, heading_line = after, first


def _words(content: str) -> str:
    """A heading without the marks of emphasis, code and links."""
    content = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", content)
    return " ".join(re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", content).split())
