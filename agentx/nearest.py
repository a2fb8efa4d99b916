"""The valid values nearest to a wrong one, for sentences that end in "Did you mean …?"."""

import heapq
import re
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher

ALIKE = 0.6
"""Least share of common characters, as `difflib` has it."""

MOST = 3
MOST_COMPARED = 200
MOST_LISTED = 8
MOST_CHARACTERS = 120


def nearest(value: str, valid: Iterable[str]) -> list[str]:
    """The values that may be meant, best first, at most three; empty where none comes near.

    The same but for case, or the same last part of a path, is nearer than any likeness. Names are also alike where
    their words stand in another order.

    >>> nearest("october.csv", ["notes.txt", "orders/October.csv"])
    ['orders/October.csv']
    >>> nearest("currency_convert", ["convert_currency", "convert_units"])[0]
    'convert_currency'
    """
    folded = {item: item.casefold() for item in valid}
    wanted = value.casefold()
    for view in (str, _last_part):
        if same := [item for item, text in folded.items() if view(text) == view(wanted)]:
            return sorted(same)[:MOST]
    matchers = [(view, SequenceMatcher(b=view(wanted), autojunk=False)) for view in (str, _last_part, _in_order)]

    def likeness(item: str, ratio: Callable[[SequenceMatcher[str]], float]) -> float:
        best = 0.0
        for view, matcher in matchers:
            matcher.set_seq1(view(folded[item]))
            best = max(best, ratio(matcher))
        return best

    # An upper bound first, which is quick: there may be thousands of paths.
    bounds = {item: likeness(item, SequenceMatcher.quick_ratio) for item in folded}
    likely = [item for item in heapq.nlargest(MOST_COMPARED, bounds, key=bounds.__getitem__) if bounds[item] >= ALIKE]
    alike = {item: likeness(item, SequenceMatcher.ratio) for item in likely}
    return sorted((item for item in likely if alike[item] >= ALIKE), key=lambda item: (-alike[item], item))[:MOST]


def did_you_mean(value: object, valid: Iterable[object]) -> str:
    """` Did you mean `x`?` with a space before it; empty where nothing comes near."""
    near = nearest(str(value), [str(item) for item in valid])
    quoted = [f"`{_on_a_line(item)}`" for item in near]
    return f" Did you mean {' or '.join(filter(None, [', '.join(quoted[:-1]), quoted[-1]]))}?" if near else ""


def advice(value: object, valid: Iterable[object]) -> str:
    """As `did_you_mean`; where nothing comes near it lists what is valid, the first eight."""
    values = [str(item) for item in valid]
    near = did_you_mean(value, values)
    if near or not values:
        return near
    more = f", … ({len(values)} in all)" if len(values) > MOST_LISTED else ""
    return f" It can be: {', '.join(map(_on_a_line, values[:MOST_LISTED]))}{more}."


def _on_a_line(text: str) -> str:
    """What a tool calls valid may be a file's name, which may hold line ends: none may reach a prompt."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _last_part(text: str) -> str:
    return text.rstrip("/").rpartition("/")[2]


def _in_order(text: str) -> str:
    return " ".join(sorted(re.findall(r"[^\W_]+", text)))
