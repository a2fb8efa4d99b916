"""Strategy `react`: one line of thought, then calls or the answer, all in one growing assistant turn.

After ReAct (Yao et al., 2022, https://arxiv.org/abs/2210.03629). Thought, call and result are appended to one
assistant turn, since a small model copies the pattern of chat turns and repeats itself; worked examples over other
tools show it how a run goes.
"""

from collections.abc import Sequence
from dataclasses import replace
from string import Template
from typing import Any

from agentx.dialects.base import Dialect
from agentx.dialects.json_grammar import json_rule, quoted
from agentx.events import TextDelta, Thought
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import Constraint, Fragment, Sampling
from agentx.planner.answers import beginning, checked
from agentx.planner.base import Action, Turn
from agentx.planner.decoding import decode, prompt_text
from agentx.planner.examples import EXAMPLES, Example
from agentx.planner.probes import NEEDS_LOOK, ask
from agentx.planner.replies import as_calls
from agentx.planner.showing import HELPFUL, shown_calls, shown_results, step_tools, system_tools, task_tools

MAX_STEP_TOKENS = 1024
MAX_TRIES = 4
_ANSWER = "Answer: "
_LOOK = "I look at what is known about it."
_THOUGHT = r"/# [^\n]{4,200}/"


class React:
    """See the module."""

    name = "react"

    def opening(self, turn: Turn, follow_up: bool) -> list[Fragment]:
        task = f"{task_tools(turn, turn.dialect, turn.toolbox, follow_up)}{turn.before}Task: {turn.task}"
        if follow_up:
            return turn.model.chat.next_turn(task)
        if not turn.toolbox:
            return turn.model.chat.opening(turn.instructions or HELPFUL, f"{turn.before}{turn.task}")
        rules = Template(prompt_text("react")).substitute(tools=system_tools(turn, turn.dialect, turn.toolbox))
        examples = "\n\n".join(show_example(example, turn.dialect) for example in EXAMPLES)
        system = f"{rules}\n\nExamples of how you work (with other functions):\n\n{examples}"
        return turn.model.chat.opening("\n\n".join(filter(None, [system, turn.instructions])), task)

    async def decide(self, turn: Turn) -> Action:
        """The next step; one that repeats an earlier call is taken back and decoded anew, with temperature."""
        looked = Usage()
        if turn.steps == 0 and (names := _looks(turn)):
            needed = await ask(turn, NEEDS_LOOK)
            if needed.yes:
                return self._look(turn, names, needed.usage)
            looked = needed.usage
        # Only the step that is taken makes calls: one that is taken back must not use up the ids of the record.
        draft = replace(turn, new_call=_call_without_id)
        action = await self._step(draft)
        usage = looked + action.usage
        for attempt in range(1, MAX_TRIES):
            if not action.calls or not all(turn.earlier(call) for call in action.calls):
                break
            action = await self._step(replace(draft, sampling=Sampling(0.8, seed=turn.sampling.seed + attempt)))
            usage += action.usage
        calls = [turn.new_call(call.name, call.arguments) for call in action.calls]
        return replace(action, usage=usage, calls=calls)

    def _look(self, turn: Turn, names: Sequence[str], usage: Usage) -> Action:
        """The first step of a task that tools have something on, which the model does not choose."""
        calls = [turn.new_call(name, turn.surveys[name]) for name in names]
        turn.harmless.update(call.id for call in calls)
        text = f"# {_LOOK}\n{shown_calls(turn, calls)}\n{turn.dialect.result_mark}"
        return Action([Fragment(text)], usage, calls=calls)

    async def _step(self, turn: Turn) -> Action:
        channels = _Channels(turn)
        decoded = await decode(
            turn,
            turn.prompt,
            channels.feed,
            constraint=self._constraint(turn),
            stop=("\n\nTask:",),
            max_tokens=MAX_STEP_TOKENS,
        )
        thought, rest = split(decoded.text)
        if thought:
            turn.emit(Thought(thought))
        if rest.startswith(_ANSWER) or not turn.toolbox:
            # A small model may go on and write what it takes for a result: that is no part of an answer.
            said, invented, _ = rest.partition(f"\n{turn.dialect.result_mark}") if turn.toolbox else (rest, "", "")
            fragments = [Fragment(decoded.text.removesuffix(rest) + said)] if invented else decoded.fragments
            action = Action(fragments, decoded.usage, answer=said.removeprefix(_ANSWER).strip())
            return checked(turn, action, "stop" if invented else decoded.finish)
        action = as_calls(turn, decoded, rest.removesuffix(turn.dialect.result_mark), Usage())
        return replace(action, thought=thought)

    def _constraint(self, turn: Turn) -> Constraint | None:
        """What a step may look like; None for free text (no tools, no type asked for)."""
        answer = json_rule(turn.answer_schema) if turn.answer_schema else r"/[^\n](.|\n)*/"
        if not turn.toolbox:
            return Constraint(f"start: {json_rule(turn.answer_schema)}") if turn.answer_schema else None
        rules = [f"thought: {_THOUGHT}", f'answer: "{_ANSWER}{beginning(turn)}" answer_text', f"answer_text: {answer}"]
        if turn.must_answer or not turn.callable_tools:
            return Constraint("\n".join(['start: thought "\\n" answer', *rules]))
        # The mark of a result ends the calls: it is what stands behind a call in the examples, so that the model itself
        # chooses between one more call and seeing what came of the last.
        mark = quoted(f"\n{turn.dialect.result_mark}")
        start = f'start: thought "\\n" (calls {mark} | answer)'
        return Constraint("\n".join([start, *rules, turn.call_grammar()]))

    def results(self, turn: Turn, results: Sequence[tuple[ToolCall, ToolResult]]) -> list[Fragment]:
        shown = shown_results(turn, results)
        more = step_tools(turn, turn.dialect, turn.toolbox)
        return [Fragment(f"{shown.removeprefix(turn.dialect.result_mark)}\n{more}")]

    def problem(self, turn: Turn, text: str) -> list[Fragment]:
        more = step_tools(turn, turn.dialect, turn.toolbox)
        return [Fragment(f"\n{turn.dialect.show_result(f'error: {text}')}\n{more}")]

    def example(self, turn: Turn, task: str, calls: Sequence[ToolCall]) -> str:
        return shown_calls(turn, calls)


def _call_without_id(name: str, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall("", name, arguments)


def _looks(turn: Turn) -> list[str]:
    """Tools that have something on the task, but for those that run programs or go out."""
    if turn.must_answer:
        return []
    shown = {tool.name for tool in turn.callable_tools if not tool.language and "egress" not in tool.capabilities}
    return [name for name in turn.surveys if name in shown]


class _Channels:
    """Sorts a growing reply into thought, call and answer for those who watch."""

    def __init__(self, turn: Turn) -> None:
        self._emit = turn.emit
        self._text = ""
        self._sent = 0
        self._free = not turn.toolbox

    def feed(self, text: str) -> None:
        self._text += text
        if self._free:
            self._emit(TextDelta("answer", text))
            return
        head, newline, rest = self._text.partition("\n")
        if not newline or len(rest) < len(_ANSWER):
            return
        channel = "answer" if rest.startswith(_ANSWER) else "call"
        start = len(head) + 1 + (len(_ANSWER) if channel == "answer" else 0)
        start = max(start, self._sent)
        self._emit(TextDelta(channel, self._text[start:]))
        self._sent = len(self._text)


def split(text: str) -> tuple[str, str]:
    """Thought (without its mark) and the rest of a step's text."""
    if not text.startswith("#"):
        return "", text
    thought, _, rest = text.partition("\n")
    return thought.removeprefix("#").strip(), rest


def show_example(example: Example, dialect: Dialect) -> str:
    """A worked example as the run would have been written."""
    lines = [f"Task: {example.task}"]
    for step in example.steps:
        lines.append(f"# {step.thought}")
        lines += [dialect.show_call(name, arguments) for name, arguments in step.calls]
        lines += [dialect.show_result(result) for result in step.results]
    return "\n".join([*lines, f"# {example.conclusion}", f"{_ANSWER}{example.answer}"])
