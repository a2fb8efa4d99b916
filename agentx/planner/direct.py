"""Strategy `direct`: does a tool do what is asked, then calls without a thought, then one answer from their results.

What tests of tool choice use, and the quickest way where one round of calls is enough. All of it is one growing
conversation, after some worked requests over other functions (in the manner of Brown et al., 2020,
https://arxiv.org/abs/2005.14165). A reply begins with Yes or No, read from the logits, and the calls or the words
follow on the next line: nothing is read between the request and the first token of a call but that one word.
"""

from collections.abc import Sequence
from dataclasses import replace

from agentx.dialects.json_grammar import json_rule
from agentx.events import TextDelta
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import Constraint, Fragment
from agentx.planner.answers import beginning, checked
from agentx.planner.asked import as_asked
from agentx.planner.base import Action, Turn
from agentx.planner.decoding import decode, prompt_text
from agentx.planner.probes import RELEVANCE, ask
from agentx.planner.replies import MAX_CALL_TOKENS, as_calls
from agentx.planner.requests import conversation, functions, judged, keeping, with_numbers_apart
from agentx.planner.showing import HELPFUL, shown_calls, shown_results, step_tools, task_tools

MAX_ANSWER_TOKENS = 768


class Direct:
    """See the module."""

    name = "direct"

    def opening(self, turn: Turn, follow_up: bool) -> list[Fragment]:
        chat = turn.model.chat
        task = with_numbers_apart(turn.task)
        if not turn.toolbox:
            asked = f"{turn.before}{turn.task}"
            return chat.next_turn(asked) if follow_up else chat.opening(turn.instructions or HELPFUL, asked)
        if follow_up:
            more = task_tools(turn, turn.dialect, turn.toolbox, follow_up)
            return chat.next_turn(f"{more}{turn.before}Request: {task}")
        system = "\n\n".join(filter(None, [prompt_text("direct"), turn.instructions]))
        head = functions(turn.dialect, [turn.toolbox[name] for name in turn.offered], turn.toolbox)
        asked = chat.next_turn(f"{head} {turn.before and chr(10) + turn.before}{task}")
        # Tools that were retrieved for this task are not what the next run begins with.
        return [*conversation(chat, turn.dialect, system), *(keeping(asked, head) if turn.shown is None else asked)]

    async def decide(self, turn: Turn) -> Action:
        if turn.recovery.retrying and turn.callable_tools and not turn.must_answer:
            return await self._call(turn, [], Usage())
        if not turn.toolbox or (turn.done and not turn.has_news):
            return await self._answer(turn, [], Usage())
        relevant, usage = False, Usage()
        if turn.callable_tools and not turn.must_answer:
            verdict = await ask(turn, RELEVANCE, self)
            relevant, usage = verdict.yes, verdict.usage
        begun = [judged(relevant)]
        if relevant:
            return await self._call(turn, begun, usage)
        return await self._answer(turn, begun, usage)

    async def _call(self, turn: Turn, begun: list[Fragment], usage: Usage) -> Action:
        grammar = Constraint(f"start: calls\n{turn.call_grammar()}")
        decoded = await decode(
            turn,
            [*turn.prompt, *begun],
            lambda text: turn.emit(TextDelta("call", text)),
            constraint=grammar,
            max_tokens=MAX_CALL_TOKENS,
        )
        action = await as_asked(turn, begun, as_calls(turn, decoded, decoded.text, usage))
        return replace(action, fragments=[*begun, *action.fragments])

    async def _answer(self, turn: Turn, begun: list[Fragment], usage: Usage) -> Action:
        constraint = Constraint(f"start: {json_rule(turn.answer_schema)}") if turn.answer_schema else None
        if said := beginning(turn):
            begun = [*begun, Fragment(said)]
            turn.emit(TextDelta("answer", said))
        decoded = await decode(
            turn,
            [*turn.prompt, *begun],
            lambda text: turn.emit(TextDelta("answer", text)),
            constraint=constraint,
            max_tokens=MAX_ANSWER_TOKENS,
        )
        # No call follows an answer, whatever is still wrong with it.
        turn.must_answer = True
        action = Action([*begun, *decoded.fragments], usage + decoded.usage, answer=(said + decoded.text).strip())
        return checked(turn, action, decoded.finish)

    def results(self, turn: Turn, results: Sequence[tuple[ToolCall, ToolResult]]) -> list[Fragment]:
        shown = shown_results(turn, results)
        more = step_tools(turn, turn.dialect, turn.toolbox)
        retry, answer = "Call again what failed, corrected", "Answer the request from these results in words"
        wanted = retry if turn.recovery.retrying else answer
        return turn.model.chat.next_turn(f"Results:\n{shown}\n\n{more}{wanted}: {turn.task}")

    def problem(self, turn: Turn, text: str) -> list[Fragment]:
        more = step_tools(turn, turn.dialect, turn.toolbox)
        return turn.model.chat.next_turn(f"That could not be used: {text}.\n\n{more}Request: {turn.task}")

    def example(self, turn: Turn, task: str, calls: Sequence[ToolCall]) -> str:
        return shown_calls(turn, calls)
