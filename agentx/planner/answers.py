"""What is wrong with an answer as it was decoded, the same for every strategy: it is empty, was cut, or is no JSON."""

import json
from dataclasses import replace

from agentx.model import FinishReason
from agentx.planner.base import Action, Turn

NOT_DONE = "I could not"
"""How an answer begins where nothing was done of what the task asks for: small models tell it as done."""

_CUT: dict[FinishReason, str] = {
    "length": "the answer was cut off at its limit; give a shorter one",
    "repetition": "the answer repeated itself without end and was cut; give a shorter one",
}


def beginning(turn: Turn) -> str:
    """What an answer has to begin with, whatever the model would say: where all changes have failed, that they did."""
    return NOT_DONE if turn.effects == "failed" and turn.answer_schema is None else ""


def checked(turn: Turn, action: Action, finish: FinishReason) -> Action:
    """The action with what is wrong with its answer.

    Free text that was cut stays its answer, for where no better one comes; what is of no use at all does not.

    Args:
        finish: why the reply ended.
    """
    cut = _CUT.get(finish)
    if not action.answer:
        return replace(action, answer=None, problem=cut or "the answer is empty")
    if turn.answer_schema is None:
        return replace(action, problem=cut)
    if is_json(action.answer):  # it may have come to its end at the limit
        return action
    return replace(action, answer=None, problem=cut or "the answer is no JSON")


def is_json(text: str) -> bool:
    """Whether a text is one whole JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
