"""What an answer leaves out that is the answer: `The films are listed by year`, and the list is nowhere in it.

A small model takes what its program has printed for told. Who reads the answer alone, in a script or on a screen whose
cards are folded, has nothing of it; so lines of which an answer says no word are put behind it.
"""

from agentx.planner.base import Turn
from agentx.planner.claims.source import Source
from agentx.planner.claims.words import folded
from agentx.planner.grounding import ground
from agentx.planner.lexical import words

MAX_LINES, MAX_CHARACTERS = 40, 2_000
"""What is longer was printed to be looked at, not to be told."""


def untold(turn: Turn, answer: str) -> str:
    """The lines that the last call has brought, where it changed nothing and the answer tells none of them; else ""."""
    if not turn.done or not answer:
        return ""
    call, result = turn.done[-1]
    text = result.text.strip()
    if call.id in turn.harmless or not result.ok or result.changed or turn.effects == "made":
        return ""
    if not 1 < len(text.splitlines()) <= MAX_LINES or len(text) > MAX_CHARACTERS:
        return ""
    said = set(words(folded(answer)))
    told = set(words(folded(text))) - set(words(folded(turn.task)))
    is_told = not said.isdisjoint(told) or any(ground(answer, [Source(text, call.id)]).citations)
    return "" if is_told or not told else text
