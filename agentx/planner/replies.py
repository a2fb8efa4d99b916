"""What a reply that holds calls says."""

from collections.abc import Sequence
from typing import Any

from agentx.dialects.base import DialectError
from agentx.messages import Usage
from agentx.planner.base import Action, Turn
from agentx.planner.decoding import Decoded
from agentx.planner.evidence import changes_something

MAX_CALL_TOKENS = 768


def as_calls(turn: Turn, decoded: Decoded, text: str, usage: Usage) -> Action:
    """The action of a reply that holds calls in `text`."""
    usage = usage + decoded.usage
    if decoded.finish == "repetition":
        return Action(decoded.fragments, usage, problem="the reply repeated itself without end and was cut")
    # A tool that is off is refused by the loop, with its reason.
    known = [turn.toolbox[name] for name in turn.offered if name not in turn.recovery.masked]
    try:
        parsed = turn.dialect.parse(text, known, turn.toolbox)
    except DialectError as error:
        return Action(decoded.fragments, usage, problem=str(error))
    calls = [turn.new_call(name, arguments) for name, arguments in _once_each(turn, parsed)]
    return Action(decoded.fragments, usage, calls=calls)


def _once_each(turn: Turn, calls: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """The calls without repetitions, which a small model writes where it does not find the end; one that changes
    something may be meant twice."""
    kept: list[tuple[str, dict[str, Any]]] = []
    for call in calls:
        if call not in kept or changes_something(turn.toolbox[call[0]]):
            kept.append(call)
    return kept
