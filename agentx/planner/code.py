"""Strategy `code`: the reply is a short Python program, which a tool runs; what it prints is appended.

Programs as actions, after CodeAct (Wang et al., 2024, https://arxiv.org/abs/2402.01030): a small coder model writes a
loop or a sum more surely than it chains calls. Every other tool of the run is a function in the program, under the
same policy and journal. Needs a tool whose `language` is "python".
"""

import ast
from collections.abc import Sequence
from dataclasses import replace
from string import Template

from agentx.dialects.json_grammar import json_rule
from agentx.dialects.python_calls import PythonCalls
from agentx.errors import UsageError
from agentx.events import TextDelta
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import Constraint, Fragment, Sampling
from agentx.planner.base import Action, Turn
from agentx.planner.decoding import Decoded, decode, prompt_text
from agentx.planner.programs import EXAMPLES
from agentx.tool import Tool
from agentx.toolbox import Toolbox

MAX_PROGRAM_TOKENS = 512
MAX_ANSWER_TOKENS = 512
MAX_TRIES = 4
"""Programs decoded for one step before the model has to answer: the first greedy, the others with temperature."""

_PROGRAM, _ANSWER, _END = "```python\n", "DONE:", "\n```"


def program_tool(toolbox: Toolbox) -> Tool | None:
    """The tool that runs Python programs; None if there is none."""
    return next((tool for tool in toolbox.values() if tool.language == "python"), None)


class Code:
    """See the module."""

    name = "code"

    def opening(self, turn: Turn, follow_up: bool) -> list[Fragment]:
        runner = program_tool(turn.toolbox)
        if runner is None:
            raise UsageError("Strategy `code` needs a tool that runs Python programs; add the tool `python`.")
        task = f"Task: {turn.task}"
        if follow_up:
            return turn.model.chat.next_turn(task)
        functions = [tool for tool in turn.toolbox.values() if tool is not runner]
        rules = Template(prompt_text("code")).substitute(tools=PythonCalls().show_tools(functions) or "(none)")
        system = f"{rules}\n\n{EXAMPLES}"
        return turn.model.chat.opening("\n\n".join(filter(None, [system, turn.instructions])), task)

    async def decide(self, turn: Turn) -> Action:
        usage = Usage()
        if not turn.must_answer:
            wanted = failed_last(turn)
            if not wanted:
                scores = await turn.model.score(turn.prompt, [_PROGRAM, _ANSWER])
                usage += scores.usage
                wanted = scores.logprobs[0] >= scores.logprobs[1]
            if wanted and (action := await self._program(turn)):
                return replace(action, usage=usage + action.usage)
        return await self._answer(turn, usage)

    async def _program(self, turn: Turn) -> Action | None:
        """The next program: the first that parses and was not run before; None if there is none."""
        runner = program_tool(turn.toolbox)
        assert runner is not None
        usage = Usage()
        earlier = {call.arguments.get("code") for call, _ in turn.done if call.name == runner.name}
        opening = Fragment(_PROGRAM)
        for attempt in range(MAX_TRIES):
            sampling = turn.sampling if attempt == 0 else Sampling(0.7, seed=turn.sampling.seed + attempt)
            decoded = await decode(
                replace(turn, sampling=sampling),
                [*turn.prompt, opening],
                lambda text: turn.emit(TextDelta("call", text)),
                stop=(_END, "\nOutput:"),
                max_tokens=MAX_PROGRAM_TOKENS,
            )
            usage += decoded.usage
            if decoded.text not in earlier and is_usable(decoded):
                call = turn.new_call(runner.name, {"code": decoded.text})
                return Action([opening, *decoded.fragments, Fragment(_END)], usage, calls=[call])
        return None

    async def _answer(self, turn: Turn, usage: Usage) -> Action:
        constraint = Constraint(f'start: " " {json_rule(turn.answer_schema)}') if turn.answer_schema else None
        opening = Fragment(_ANSWER)
        decoded = await decode(
            turn,
            [*turn.prompt, opening],
            lambda text: turn.emit(TextDelta("answer", text)),
            constraint=constraint,
            stop=("\n\nTask:", "\n```", "\nOutput:"),
            max_tokens=MAX_ANSWER_TOKENS,
        )
        return Action([opening, *decoded.fragments], usage + decoded.usage, answer=decoded.text.strip())

    def results(self, turn: Turn, results: Sequence[tuple[ToolCall, ToolResult]]) -> list[Fragment]:
        shown = "\n".join(result.text for _, result in results)
        return [Fragment(f"\nOutput:\n{shown}\n")]

    def problem(self, turn: Turn, text: str) -> list[Fragment]:
        return [Fragment(f"\nOutput:\nerror: {text}\n")]


def failed_last(turn: Turn) -> bool:
    """True after a program that ended in an error: nothing can be concluded from it, though small models do."""
    return bool(turn.done) and turn.done[-1][1].status == "error"


def is_usable(decoded: Decoded) -> bool:
    """True for a whole program without syntax errors."""
    if decoded.finish in ("length", "repetition") or not decoded.text.strip():
        return False
    try:
        ast.parse(decoded.text)
    except (SyntaxError, ValueError):
        return False
    return True
