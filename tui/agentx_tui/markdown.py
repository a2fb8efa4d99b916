"""Markdown as lines of one width, all in one piece of content: a widget a paragraph would cost a layout a paragraph."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from textual.content import Content, Span
from textual.style import Style

from agentx_tui.glyphs import Glyphs

_EMPTY = Content("")
_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
OPEN_CODE_LINES = 8
"""Code that is still being written is coloured in pieces of so many lines: those before the last are not looked at
again. What reaches over pieces, as a long string does, has its colours at the end, when all is coloured as a whole."""
MAX_CELLS = 12
"""Columns beyond these are left out of a table that is narrower than they are."""


@cache
def parser() -> MarkdownIt:
    # HTML is text here.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def code(text: str) -> str:
    """The code blocks alone."""
    tokens = parser().parse(text)
    return "\n".join(token.content for token in tokens if token.type in ("fence", "code_block")).rstrip("\n")


@dataclass(frozen=True, slots=True)
class _Margin:
    """What stands before the first line of a block and before its others."""

    first: Content = _EMPTY
    rest: Content = _EMPTY

    def then(self, first: Content, rest: Content) -> "_Margin":
        return _Margin(self.first + first, self.rest + rest)

    def before(self, lines: Iterable[Content]) -> Iterator[Content]:
        for at, line in enumerate(lines):
            yield (self.rest if at else self.first) + line


class Page:
    """Lays out the blocks of a text, which may grow: those that were in it before are not laid out again, unless links
    that are defined elsewhere have changed.

    Args:
        width: in cells, which no line is wider than.
    """

    def __init__(self, glyphs: Glyphs, width: int) -> None:
        self._glyphs = glyphs
        self._width = max(width, 8)
        self._known: dict[tuple[str, str, bool], list[Content]] = {}
        self._links: dict[str, Any] = {}
        self._open: SyntaxTreeNode | None = None

    def lines(self, text: str) -> list[Content]:
        """The lines of the text, a blank one between blocks."""
        links: dict[str, Any] = {}
        root, rows = SyntaxTreeNode(parser().parse(text, links)), text.split("\n")
        # Where a link is defined elsewhere, a block is more than its own text.
        known = self._known if links == self._links else {}
        self._known, self._links, found = {}, links, list[Content]()
        for at, node in enumerate(root.children):
            source = rows[slice(*(node.map or (0, 0)))]
            self._open = _open(node, source) if node is root.children[-1] else None
            key = node.type, "\n".join(source), self._open is not None
            lines = self._known[key] = known.get(key) or list(self._block(node, _Margin()))
            found += [_EMPTY, *lines] if at else lines
        return found

    def _blocks(self, nodes: Sequence[SyntaxTreeNode], margin: _Margin, loose: bool = True) -> Iterator[Content]:
        for at, node in enumerate(nodes):
            if at and loose:
                yield margin.rest.rstrip()
            yield from self._block(node, margin if not at else _Margin(margin.rest, margin.rest))

    def _block(self, node: SyntaxTreeNode, margin: _Margin) -> Iterable[Content]:
        room = max(8, self._width - margin.rest.cell_length)
        match node.type:
            case "heading":
                style = "bold underline $primary" if node.tag == "h1" else "bold $primary"
                return margin.before(_wrapped(_inline(node).stylize_before(style), room))
            case "bullet_list" | "ordered_list":
                return self._list(node, margin)
            case "blockquote":
                bar = Content.styled(f"{self._glyphs.user} ", "$secondary")
                return self._blocks(node.children, margin.then(bar, bar))
            case "fence" | "code_block":
                return margin.before(self._code(node, room))
            case "table":
                return margin.before(self._table(node, room))
            case "hr":
                return margin.before([Content.styled(self._glyphs.rule * min(room, 40), "$border")])
            case _:
                return margin.before(_wrapped(_inline(node), room))

    def _list(self, node: SyntaxTreeNode, margin: _Margin) -> Iterator[Content]:
        loose = any(child.type == "paragraph" and not child.hidden for item in node.children for child in item.children)
        numbered = node.type == "ordered_list"
        number = int(node.attrs.get("start", 1)) if numbered else 0
        width = len(str(number + len(node.children) - 1)) + 2 if numbered else 2
        for at, item in enumerate(node.children):
            if at and loose:
                yield margin.rest.rstrip()
            sign = f"{number + at}." if numbered else self._glyphs.bullet
            here = margin if not at else _Margin(margin.rest, margin.rest)
            inner = here.then(Content.styled(f"{sign:<{width}}", "$primary"), Content(" " * width))
            yield from self._blocks(item.children, inner, loose) if item.children else [inner.first]

    def _code(self, node: SyntaxTreeNode, room: int) -> Iterator[Content]:
        bar = Content.styled(f"{self._glyphs.user} ", "$border")
        text, language = node.content.rstrip("\n"), node.info.split(" ")[0]
        for line in (_growing if node is self._open else _highlighted)(text, language):
            for part in line.fold(room - 2) if line else [line]:
                padded = part.pad_right(max(0, room - 2 - part.cell_length))
                yield (bar + padded).stylize_before("on $surface")

    def _table(self, node: SyntaxTreeNode, room: int) -> Iterator[Content]:
        rows = [[_inline(cell) for cell in row.children] for part in node.children for row in part.children]
        columns = min(max(map(len, rows)), MAX_CELLS, max(1, room // 4))
        widths = _fitted([max(row[at].cell_length for row in rows if at < len(row)) for at in range(columns)], room)
        for number, row in enumerate(rows):
            cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=False)]
            for at in range(max(map(len, cells))):
                parts: list[Content] = []
                for cell, width in zip(cells, widths, strict=False):
                    part = cell[at] if at < len(cell) else _EMPTY
                    parts.append(part.pad_right(max(0, width - part.cell_length)))
                line = Content("  ").join(parts).rstrip()
                yield line.stylize_before("bold") if number == 0 else line
            if number == 0:
                yield Content.styled("  ".join(self._glyphs.rule * width for width in widths), "$border")


def _fitted(widths: list[int], room: int) -> list[int]:
    """Widths of columns, the widest of them cut until all have room, with two cells between."""
    widths = [max(width, 1) for width in widths]
    while sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > 2:
        widths[widths.index(max(widths))] -= 1
    return widths


def _wrapped(content: Content, width: int) -> list[Content]:
    return content.wrap(max(width, 2)) or [_EMPTY]


def _highlighted(text: str, language: str) -> list[Content]:
    if not language:
        return [Content(line) for line in text.split("\n")]
    from textual.highlight import highlight

    lines = highlight(text, language=language).split("\n", allow_blank=True)
    # Blank lines at the end are no lines to it.
    return lines + [_EMPTY] * (text.count("\n") + 1 - len(lines))


def _growing(text: str, language: str) -> list[Content]:
    rows = text.split("\n")
    pieces = ["\n".join(rows[at : at + OPEN_CODE_LINES]) for at in range(0, len(rows), OPEN_CODE_LINES)]
    return [line for piece in pieces for line in _piece(piece, language)]


@lru_cache(maxsize=512)
def _piece(text: str, language: str) -> list[Content]:
    return _highlighted(text, language)


def _open(node: SyntaxTreeNode, source: Sequence[str]) -> SyntaxTreeNode | None:
    """The code at the end of a block, be it in a list or a quotation, that has not come to its own end."""
    first = node.map[0] if node.map else 0
    while node.type in ("bullet_list", "ordered_list", "list_item", "blockquote") and node.children:
        node = node.children[-1]
    if node.type != "fence" or node.map is None:
        return None
    within = source[node.map[0] - first : node.map[1] - first]
    return None if len(within) > 1 and within[-1].lstrip(" \t>").startswith(node.markup) else node


def _inline(node: SyntaxTreeNode) -> Content:
    """The text of a block with its emphasis and links."""
    text: list[str] = []
    spans: list[Span] = []
    _walk(node, text, spans, 0)
    return Content("".join(text), spans)


def _walk(node: SyntaxTreeNode, text: list[str], spans: list[Span], start: int) -> int:
    """Takes in a node that begins at character `start`; where it ends."""
    at = start
    match node.type:
        case "text":
            text.append(node.content)
            return start + len(node.content)
        case "softbreak" | "hardbreak":
            text.append("\n" if node.type == "hardbreak" else " ")
            return start + 1
        case "code_inline":
            text.append(node.content)
            spans.append(Span(start, start + len(node.content), "$accent"))
            return start + len(node.content)
        case "image":
            told = f"[{node.content or node.attrs.get('src', '')}]"
            text.append(told)
            return start + len(told)
        case _:
            pass
    if node.type not in ("inline", "strong", "em", "s", "link") and not node.children:
        content = node.content if node.type != "root" and node.token else ""
        text.append(content)
        return start + len(content)
    for child in node.children:
        at = _walk(child, text, spans, at)
    if node.type in _STYLES:
        spans.append(Span(start, at, _STYLES[node.type]))
    elif node.type == "link":
        target = str(node.attrs.get("href", ""))
        spans.append(Span(start, at, Style.from_meta({"@click": f"app.tell_link({target!r})"})))
    return at
