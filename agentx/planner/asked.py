"""The calls of a reply as they were asked for: none too many, none too few, no option that nobody spoke of.

A small model chooses functions and arguments well and counts badly. What words of the request decide is decided by
them, before anything is carried out; the prompt then shows the calls as they are made.
"""

from collections.abc import Sequence
from dataclasses import replace

from agentx.messages import ToolCall
from agentx.model import Constraint, Fragment
from agentx.planner.base import Action, Turn
from agentx.planner.claims.source import Source
from agentx.planner.crossed import crossed
from agentx.planner.decoding import decode
from agentx.planner.evidence import changes_something
from agentx.planner.further import without_further
from agentx.planner.omitted import is_missing, omitted
from agentx.planner.options import without_unasked
from agentx.planner.replies import MAX_CALL_TOKENS, as_calls
from agentx.planner.showing import shown_calls


async def as_asked(turn: Turn, begun: Sequence[Fragment], action: Action) -> Action:
    """The action with other calls, where the request says so.

    Args:
        begun: what stands in the reply before its calls.
    """
    if not action.calls:
        return action
    if not turn.done:  # what was called before may be what seems to be missing
        action = _with(turn, action, without_further(action.calls, turn.task, turn.toolbox))
        action = await _completed(turn, begun, action)
        action = _with(turn, action, crossed(turn.task, action.calls, turn.toolbox, turn.new_call))
    seen = [*turn.seen, Source(turn.instructions or "")]
    calls = [
        replace(call, arguments=without_unasked(turn.toolbox[call.name], call.arguments, turn.task, seen))
        for call in action.calls
    ]
    return _with(turn, action, _once_each(turn, calls))


async def _completed(turn: Turn, begun: Sequence[Fragment], action: Action) -> Action:
    """The action with the calls that the model writes when it may not end its reply yet; none that change something,
    which nobody may have asked for."""
    while missing := omitted(turn.task, action.calls):
        called = {call.name for call in action.calls if not changes_something(turn.toolbox[call.name])}
        if not called:
            break
        rules = turn.dialect.grammar([turn.toolbox[name] for name in turn.offered if name in called], turn.toolbox)
        decoded = await decode(
            turn,
            [*turn.prompt, *begun, Fragment(f"{shown_calls(turn, action.calls)}\n")],
            lambda _: None,
            constraint=Constraint(f"start: calls\n{rules}"),
            max_tokens=MAX_CALL_TOKENS,
        )
        reply = as_calls(turn, decoded, decoded.text, action.usage)
        action = replace(action, usage=reply.usage)
        wanted = [call for call in reply.calls if is_missing(call, action.calls, missing)]
        if not wanted:
            break
        action = _with(turn, action, [*action.calls, *wanted])
    return action


def _once_each(turn: Turn, calls: list[ToolCall]) -> list[ToolCall]:
    """The calls without those that are the same now; what changes something may be meant twice."""
    kept: list[ToolCall] = []
    for call in calls:
        known = any(call.name == other.name and call.arguments == other.arguments for other in kept)
        if not known or changes_something(turn.toolbox[call.name]):
            kept.append(call)
    return kept


def _with(turn: Turn, action: Action, calls: list[ToolCall]) -> Action:
    if calls == action.calls:
        return action
    return replace(action, calls=calls, fragments=[Fragment(shown_calls(turn, calls))])
