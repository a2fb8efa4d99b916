"""Further calls that nobody asked for.

Beside the call that does what is asked a small model writes one of a related function at hand, for the same values. It
is left out where words tell: where no argument of it brings anything of the request that an earlier call does not have,
and neither the function's name nor its description says anything that the request does. The first call always stays.
"""

from collections.abc import Iterable, Sequence

from agentx.messages import ToolCall
from agentx.planner.arguments import leaves
from agentx.planner.claims.words import folded
from agentx.planner.lexical import akin, is_english, words
from agentx.tool import Tool
from agentx.toolbox import Toolbox


def without_further(calls: Sequence[ToolCall], request: str, toolbox: Toolbox) -> list[ToolCall]:
    """The calls but those of further functions that nothing in the request asks for."""
    if not is_english(request):
        return list(calls)
    asked, kept = set(words(folded(request))), list(calls[:1])
    for call in calls[1:]:
        if any(call.name == other.name for other in kept) or _is_asked(call, kept, asked, toolbox):
            kept.append(call)
    return kept


def _is_asked(call: ToolCall, before: Sequence[ToolCall], asked: set[str], toolbox: Toolbox) -> bool:
    values = _values(call).difference(*map(_values, before))
    described = _described(toolbox[call.name]).difference(*(_described(toolbox[other.name]) for other in before))
    return _any_asked([*values, *words(call.name.rpartition(".")[2]), *described], asked)


def _any_asked(said: Iterable[str], asked: set[str]) -> bool:
    return any(akin(word, other) for word in said for other in asked)


def _values(call: ToolCall) -> set[str]:
    return {word for leaf in leaves(call.arguments) for word in words(folded(str(leaf)))}


def _described(tool: Tool) -> set[str]:
    return set(words(folded(tool.description)))
