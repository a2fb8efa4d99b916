"""Strategy `direct`: a relevance probe, then calls without a thought, then one answer from their results.

What tests of tool choice use, and the quickest way where one round of calls is enough.
"""

from collections.abc import Sequence
from string import Template

from agentx.dialects.base import DialectError
from agentx.dialects.json_grammar import json_rule
from agentx.events import TextDelta
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import Constraint, Fragment
from agentx.planner.base import Action, Turn
from agentx.planner.decoding import Decoded, decode, prompt_text
from agentx.planner.probes import RELEVANCE, ask
from agentx.planner.showing import step_tools, system_tools, task_tools

MAX_CALL_TOKENS = 768
MAX_ANSWER_TOKENS = 768


class Direct:
    """See the module."""

    name = "direct"

    def opening(self, turn: Turn, follow_up: bool) -> list[Fragment]:
        if not follow_up:
            return self._opening(turn, turn.task)
        return turn.model.chat.next_turn(f"{task_tools(turn, turn.dialect, turn.toolbox, follow_up)}{turn.task}")

    def _opening(self, turn: Turn, user: str) -> list[Fragment]:
        tools = system_tools(turn, turn.dialect, turn.toolbox)
        system = Template(prompt_text("direct")).substitute(tools=tools) if turn.toolbox else ""
        user = f"{task_tools(turn, turn.dialect, turn.toolbox, follow_up=False)}{user}"
        return turn.model.chat.opening("\n\n".join(filter(None, [system, turn.instructions])), user)

    async def decide(self, turn: Turn) -> Action:
        usage = Usage()
        if turn.recovery.retrying and turn.callable_tools and not turn.must_answer:
            return await self._call(turn, usage)
        if turn.callable_tools and not turn.must_answer and not turn.done:
            relevant = await ask(turn, RELEVANCE, self)
            usage = relevant.usage
            if relevant.yes:
                return await self._call(turn, usage)
        return await self._answer(turn, usage)

    async def _call(self, turn: Turn, usage: Usage) -> Action:
        grammar = Constraint(f"start: calls\n{turn.dialect.grammar(turn.callable_tools, turn.toolbox)}")
        decoded = await decode(
            turn,
            turn.prompt,
            lambda text: turn.emit(TextDelta("call", text)),
            constraint=grammar,
            max_tokens=MAX_CALL_TOKENS,
        )
        return as_calls(turn, decoded, decoded.text, usage)

    async def _answer(self, turn: Turn, usage: Usage) -> Action:
        constraint = Constraint(f"start: {json_rule(turn.answer_schema)}") if turn.answer_schema else None
        decoded = await decode(
            turn,
            turn.prompt,
            lambda text: turn.emit(TextDelta("answer", text)),
            constraint=constraint,
            max_tokens=MAX_ANSWER_TOKENS,
        )
        return Action(decoded.fragments, usage + decoded.usage, answer=decoded.text.strip())

    def results(self, turn: Turn, results: Sequence[tuple[ToolCall, ToolResult]]) -> list[Fragment]:
        shown = "\n".join(
            turn.dialect.show_result(text) for text in [*(result.text for _, result in results), *turn.notes]
        )
        more = step_tools(turn, turn.dialect, turn.toolbox)
        ask = "Call again what failed, corrected" if turn.recovery.retrying else "Answer the request from these results"
        return turn.model.chat.next_turn(f"Results:\n{shown}\n\n{more}{ask}: {turn.task}")

    def problem(self, turn: Turn, text: str) -> list[Fragment]:
        more = step_tools(turn, turn.dialect, turn.toolbox)
        return turn.model.chat.next_turn(f"That could not be used: {text}.\n\n{more}{turn.task}")


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
    return Action(decoded.fragments, usage, calls=[turn.new_call(name, arguments) for name, arguments in parsed])
