"""Calls for two lists: `the rain in Oslo and Bergen in May and June` asks for four.

A small model writes two, for the first of one list with the first of the other. A call is added for each pair that has
none, where the request joins the values of either list by nothing but `and` and commas, and does not say that they go
together ("respectively"). What changes something is not done more often than the model has written it.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise, product
from typing import Any

from agentx.messages import ToolCall
from agentx.planner.claims.source import Source
from agentx.planner.evidence import changes_something
from agentx.toolbox import Toolbox

MOST_CALLS = 12
"""Longer products are left to the model."""

_BETWEEN = re.compile(r"['\"”’]?(?:,|,?\s+(?:and|&))\s+(?:the\s+)?['\"“‘]?")
_TOGETHER = re.compile(r"\b(?:respective(?:ly)?|each|former|latter|in that order)\b", re.IGNORECASE)


def crossed(
    request: str, calls: Sequence[ToolCall], toolbox: Toolbox, new_call: Callable[[str, dict[str, Any]], ToolCall]
) -> list[ToolCall]:
    """The calls, and behind them those for the pairs of two listed values that have none."""
    found = list(calls)
    if _TOGETHER.search(request):
        return found
    said = Source(request)
    for name in dict.fromkeys(call.name for call in calls):
        made = [call.arguments for call in calls if call.name == name]
        if not changes_something(toolbox[name]):
            found += [new_call(name, arguments) for arguments in _pairs_left(said, made) if arguments not in made]
    return found


def _pairs_left(said: Source, made: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The arguments of a call for each pair; none unless all that the calls differ in are lists, one value a call."""
    names = list(made[0])
    values = {name: list(dict.fromkeys(_plain(arguments.get(name)) for arguments in made)) for name in names}
    listed = {name: several for name, several in values.items() if len(several) > 1}
    if (
        len(listed) < 2
        or any(list(arguments) != names for arguments in made)
        or any(arguments[name] != made[0][name] for arguments in made for name in names if name not in listed)
        or any(len(several) != len(made) or not _stand_together(said, several) for several in listed.values())
        or len(made) ** len(listed) > MOST_CALLS
    ):
        return []
    return [made[0] | dict(zip(listed, chosen, strict=True)) for chosen in product(*listed.values())]


def _plain(value: Any) -> Any:
    """The value, or what stands for none that a request could list."""
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _stand_together(said: Source, values: Sequence[Any]) -> bool:
    spans = sorted(span for value in values if value is not None and (span := said.find(str(value))))
    return len(spans) == len(values) and all(
        _BETWEEN.fullmatch(said.text, end, start) for (_, end), (start, _) in pairwise(spans)
    )
