"""The token budget: a prompt that nears the end of the model's context begins anew, with what has to be kept of it.

What leaves the prompt is folded into a summary that the model writes at the end of the old prompt, so that nothing is
read for it; the new one begins with the same system prompt, which the KV cache still holds. The journal keeps the full
text, and of a task that left the prompt what suits the present one is recalled word for word.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from agentx.conversation import Conversation, Fact, Summary
from agentx.dialects.json_grammar import json_rule
from agentx.events import ContextFolded, Notice
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import GREEDY, Constraint
from agentx.planner import spotlight
from agentx.planner.base import Strategy, Turn
from agentx.planner.decoding import decode, prompt_text
from agentx.planner.lexical import Bm25, words
from agentx.planner.showing import one_line

REPLY_TOKENS = 1024
"""What a reply may take, for which there must be room."""

MAX_SUMMARY_TOKENS = 500
MAX_FACTS = 24
_CHARACTERS_A_TOKEN = 3
_NEWEST, _OLDER = 1_500, 300  # of a result of this task, the newest and those before it

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "goal": {"type": "string", "maxLength": 200},
        "facts": {"type": "array", "maxItems": 12, "items": {"type": "string", "maxLength": 160}},
        "open": {"type": "array", "maxItems": 4, "items": {"type": "string", "maxLength": 120}},
    },
    "required": ["goal", "facts", "open"],
    "additionalProperties": False,
}


class Room:
    """Keeps room for the model's replies in the prompt of one task.

    Args:
        tainted: whether text of strangers was read in the session.
    """

    def __init__(self, turn: Turn, strategy: Strategy, conversation: Conversation, tainted: Callable[[], bool]) -> None:
        self._turn = turn
        self._strategy = strategy
        self._conversation = conversation
        self._tainted = tainted
        self._limit = self._bound = limit(turn.model.context_tokens)

    def recall(self, anew: bool = False) -> None:
        """Has the turn show with its task what was said before and has left the prompt.

        Args:
            anew: the prompt holds nothing of it, since another model has read it.
        """
        conversation = self._conversation
        told = conversation.retold(self._limit * _CHARACTERS_A_TOKEN // 2) if anew else ""
        self._turn.background = self._framed(told or conversation.recalled(self._turn.task))

    async def make(self) -> Usage:
        """Folds what is old where the prompt leaves too little room; returns what that has cost."""
        turn, conversation = self._turn, self._conversation
        before = await turn.model.count(turn.prompt)
        left = conversation.exchanges[conversation.folded :]
        if before <= self._bound or not (left or turn.steps):
            return Usage()
        conversation.summary, usage = await self._summarised()
        conversation.folded = len(conversation.exchanges)
        after = await self._begin_anew()
        # Where what has to stay is beyond the limit, folding anew at each step would gain nothing.
        if after > self._limit:
            self._bound = after + (turn.model.context_tokens - after) // 2
        turn.emit(ContextFolded(before, after, [item.number for item in left], asdict(conversation.summary)))
        return usage

    async def _summarised(self) -> tuple[Summary, Usage]:
        """The summary of the prompt, with the facts of the one before it; that one where the model gives none."""
        turn, old = self._turn, self._conversation.summary
        prompt = list(turn.prompt)
        question = turn.model.chat.next_turn(prompt_text("fold"))
        # What came last may be too much; it stands in the new prompt anyway.
        room = turn.model.context_tokens - MAX_SUMMARY_TOKENS
        while len(prompt) > 1 and await turn.model.count([*prompt, *question]) > room:
            prompt.pop()
        decoded = await decode(
            replace(turn, sampling=GREEDY),
            [*prompt, *question],
            lambda text: None,
            constraint=Constraint(f"start: {json_rule(_SCHEMA)}"),
            max_tokens=MAX_SUMMARY_TOKENS,
        )
        try:
            found = json.loads(decoded.text)
            new = Summary(found["goal"], tuple(map(self._sourced, found["facts"])), tuple(found["open"]))
        except (ValueError, KeyError, TypeError):
            turn.emit(Notice("The summary of the conversation came to nothing; what suits a task is still recalled."))
            return old, decoded.usage
        known = {fact.text.lower(): fact for fact in (*old.facts, *new.facts)}
        return replace(new, facts=tuple(known.values())[-MAX_FACTS:]), decoded.usage

    def _sourced(self, text: str) -> Fact:
        """A fact with the task that it has most in common with."""
        exchanges = self._conversation.exchanges
        if not exchanges:
            return Fact(text, 0)
        scores = Bm25([words(f"{item.task} {item.answer}") for item in exchanges]).scores(words(text))
        return Fact(text, exchanges[max(range(len(exchanges)), key=lambda place: scores[place])].number)

    async def _begin_anew(self) -> int:
        """Puts the opening of the task in the prompt's place, with what is kept before it; returns its tokens."""
        turn = self._turn
        if turn.shown is not None:
            turn.fresh = list(dict.fromkeys([*turn.shown, *turn.fresh]))
            turn.shown.clear()
        turn.background = ""
        free = self._limit - await turn.model.count(self._strategy.opening(turn, follow_up=False))
        turn.background = self._framed(self._kept(max(free, 0) * _CHARACTERS_A_TOKEN // 2))
        turn.prompt[:] = self._strategy.opening(turn, follow_up=False)
        turn.was_shown()
        return await turn.model.count(turn.prompt)

    def _kept(self, characters: int) -> str:
        conversation = self._conversation
        said = conversation.recalled(self._turn.task, last=True)
        parts = [conversation.summary.text, said and f"Said before:\n{said}"]
        text = "\n".join(filter(None, parts))[:characters]
        done = _done(self._turn.done, characters - len(text))
        return "\n".join(filter(None, [text, done and f"Done for this task so far:\n{done}"]))

    def _framed(self, text: str) -> str:
        if not text:
            return ""
        shown = spotlight.quoted(text) if self._tainted() else text
        return f"(From earlier in this conversation)\n{shown}\n\n"


def limit(context_tokens: int) -> int:
    """Tokens of a prompt beyond which what is old in it is folded: the rest is for a reply, or for the summary."""
    return max(context_tokens - REPLY_TOKENS - MAX_SUMMARY_TOKENS, context_tokens * 5 // 8)


def _done(done: Sequence[tuple[ToolCall, ToolResult]], characters: int) -> str:
    """Calls with their results, the newest in most detail, as many of them as there is space for."""
    lines: list[str] = []
    for place, (call, result) in enumerate(reversed(done)):
        length = _NEWEST if place == 0 else _OLDER
        line = f"- {one_line(str(call), _OLDER)} gave: {_clipped(result.text, length)}"
        characters -= len(line)
        if characters < 0:
            break
        lines.append(line)
    return "\n".join(reversed(lines))


def _clipped(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters * 2 // 3]}…{text[-characters // 3 :]}"
