"""How many things a text lists: what a person counts who is told "there are three"."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from agentx.planner.claims.words import folded, same

_ITEM_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_BETWEEN_ITEMS = re.compile(r",\s*(?:and|or)\s+|,|;|\s+(?:and|or|&)\s+")
_MAX_STRUCTURE = 200_000
"""Characters up to which a result is read as JSON."""


def sizes(text: str) -> dict[int, tuple[int, int]]:
    """For each number of things (from two up) that the text may be said to list, where: lines, neighbours of one
    indentation, items between commas, members of a JSON array or object; of lines also one less, for a heading."""
    found: dict[int, tuple[int, int]] = {}
    lines = [match for match in re.finditer(r"[^\n]+", text) if match[0].strip()]
    blocks: list[list[re.Match[str]]] = []
    for line in lines:
        if blocks and _indent(blocks[-1][-1][0]) == _indent(line[0]):
            blocks[-1].append(line)
        else:
            blocks.append([line])
        items = len(_BETWEEN_ITEMS.split(line[0].rpartition(":")[2]))
        if items > 1:
            found.setdefault(items, line.span())
    for block in filter(None, [lines, *blocks]):
        span = (block[0].start(), block[-1].end())
        found.setdefault(len(block), span)
        found.setdefault(len(block) - 1, span)
    for size in _structure_sizes(text):
        found.setdefault(size, (0, len(text)))
    return {size: span for size, span in found.items() if size > 1}


def lines_with(words: Sequence[str], text: str) -> dict[int, tuple[int, int]]:
    """How many lines hold one of the words, or all that the text knows of them; with the place of those lines."""
    lines = [(match.span(), set(re.findall(r"[^\W_]+", folded(match[0])))) for match in re.finditer(r"[^\n]+", text)]
    holding = [
        {number for number, (_, line) in enumerate(lines) if any(same(word, other) for other in line)} for word in words
    ]
    holding = [numbers for numbers in holding if numbers]
    if holding:
        holding.append(set[int].intersection(*holding))
    return {
        len(numbers): (lines[min(numbers)][0][0], lines[max(numbers)][0][1]) for numbers in reversed(holding) if numbers
    }


def listed_after(text: str, end: int) -> set[int]:
    """How many things (from two up) the text itself lists right after a count that ends there."""
    paragraph = text[end:].partition("\n\n\n")[0]
    found = {len(_ITEM_MARK.findall(paragraph))}
    after = _SENTENCE_END.split(text[end:].lstrip("*_"), maxsplit=1)[0]
    for opening in (":", "(", " are ", " is "):
        _, opened, items = after.partition(opening)
        if opened:
            found.add(len(_BETWEEN_ITEMS.split(items.strip(" .()"))))
    return found - {0, 1}


def listed_before(text: str, start: int) -> set[int]:
    """How many things (from two up) the sentence lists before a count that starts there."""
    before = _SENTENCE_END.split(text[:start])[-1]
    return {len(_BETWEEN_ITEMS.split(before.strip(" .()")))} - {1}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _structure_sizes(text: str) -> Iterator[int]:
    """Sizes of all arrays and objects, where the text is one, in JSON or as Python prints it."""
    text = text.strip()
    if not text or text[0] not in "[{(" or len(text) > _MAX_STRUCTURE:
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return
    yield from _sizes_within(value)


def _sizes_within(value: Any) -> Iterator[int]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict | list | tuple | set):
            yield len(item)
            waiting += item.values() if isinstance(item, dict) else item
