"""Strategy `code`: the reply is a short Python program, which a tool runs; what it prints is appended.

Programs as actions, after CodeAct (Wang et al., 2024, https://arxiv.org/abs/2402.01030): a small coder model writes a
loop or a sum more surely than it chains calls. Every other tool of the run is a function in the program, under the
same policy and journal. Needs a tool whose `language` is "python".

A program begins with the task as a comment, so that the goal stands right above the code that is to reach it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from string import Template

from agentx.dialects.json_grammar import json_rule
from agentx.dialects.python_calls import PythonCalls
from agentx.errors import UsageError
from agentx.events import TextDelta
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import Constraint, Fragment, Sampling
from agentx.planner import spotlight
from agentx.planner.answers import NOT_DONE, checked
from agentx.planner.base import Action, Turn
from agentx.planner.decoding import Decoded, decode, prompt_text
from agentx.planner.function_programs import shown_programs
from agentx.planner.grounding import unsupported_figures
from agentx.planner.probes import ASKS_FOR_CHANGE, NEEDS_LOOK, ask
from agentx.planner.program_names import parsed
from agentx.planner.program_text import goal, repeats
from agentx.planner.programs import EXAMPLES
from agentx.planner.programs_run import (
    beginning,
    failed_last,
    failures,
    has_changed,
    has_written,
    only_read,
    wrote,
)
from agentx.planner.requests import keeping, listed
from agentx.planner.showing import step_tools, system_tools, task_tools
from agentx.planner.untold import untold
from agentx.tool import Tool
from agentx.toolbox import Toolbox

MAX_PROGRAM_TOKENS = 512
MAX_ANSWER_TOKENS = 512

TEMPERATURES = (0.7, 1.0, 1.3)
"""Of the programs that are drawn where the greedy one was run before: a model that is sure of it draws it again."""
MAX_TRIES = 1 + len(TEMPERATURES)
"""Programs decoded for one step before the model has to answer."""

READING_SPEAKS_AGAINST = math.log(2)
"""By so much the log-odds that a task asks for a change must be higher where the model has written programs that only
read: where a change is asked for, its first program makes it."""

MAX_FAILURES = 6
"""After so many programs in a row that failed the model has to answer: further ones fail likewise."""

_PROGRAM, _ANSWER, _END = "```python\n", "DONE:", "\n```"
_AS_BEFORE = "Nothing has changed"


def program_tool(toolbox: Toolbox) -> Tool | None:
    """The tool that runs Python programs; None if there is none."""
    return next((tool for tool in toolbox.values() if tool.language == "python"), None)


def function_names(toolbox: Toolbox) -> list[str]:
    """The tools that are functions of a program: all but the one that runs it."""
    runner = program_tool(toolbox)
    return [name for name, tool in toolbox.items() if tool is not runner]


class Code:
    """See the module."""

    name = "code"

    def opening(self, turn: Turn, follow_up: bool) -> list[Fragment]:
        runner = program_tool(turn.toolbox)
        if runner is None:
            raise UsageError("Strategy `code` needs a tool that runs Python programs; add the tool `python`.")
        if not follow_up:
            return self._opening(turn, f"{turn.before}Task: {turn.task}")
        functions = task_tools(turn, PythonCalls(), function_names(turn.toolbox), follow_up)
        return turn.model.chat.next_turn(f"{functions}{turn.before}Task: {turn.task}")

    def _opening(self, turn: Turn, user: str) -> list[Fragment]:
        dialect, names = PythonCalls(), function_names(turn.toolbox)
        runner, head = program_tool(turn.toolbox), ""
        if names and runner and runner.name not in turn.surveys:  # functions are all that there is to look at
            system = f"{prompt_text('code_functions')}\n\nExamples of how you work:\n\n{shown_programs()}"
            if turn.shown is None:
                head = listed(dialect, [turn.toolbox[name] for name in names], names)
        else:
            rules = Template(prompt_text("code")).substitute(tools=system_tools(turn, dialect, names) or "(none)")
            system = f"{rules}\n\n{EXAMPLES}"
        system = "\n\n".join(filter(None, [system, turn.instructions]))
        shown = task_tools(turn, dialect, names, follow_up=False)
        opening = turn.model.chat.opening(system, f"{head}{shown}{user}")
        return keeping(opening, head) if head else opening

    async def decide(self, turn: Turn) -> Action:
        if program_tool(turn.toolbox) not in turn.allowed_tools:
            return await self._last_word(turn)
        if turn.must_answer or failures(turn) >= MAX_FAILURES:
            return await self._last_word(turn)
        if turn.steps == 0:
            answered, usage = await self._looked(turn)
        else:
            answered, usage = await self._answered(turn)
        return answered or plus(await self._program(turn) or await self._last_word(turn), usage)

    async def _looked(self, turn: Turn) -> tuple[Action | None, Usage]:
        """The look that a task begins with; the answer where it needs none, but for an order to write. Where there is
        nothing to look at, neither: the first program, which the model writes."""
        looks = await ask(turn, NEEDS_LOOK)
        if looks.yes:
            return (plus(self._look(turn), looks.usage) if turn.surveys else None), looks.usage
        due, cost = await self._change_is_due(turn)
        usage = looks.usage + cost
        return (None if due else plus(await self._answer(turn), usage)), usage

    async def _answered(self, turn: Turn) -> tuple[Action | None, Usage]:
        """The answer, where the model would rather give it than write a program and nothing speaks against it.

        Returns:
            The answer, or None, and what it has cost to know; that of an answer is part of its own.
        """
        usage = Usage()
        if failed_last(turn):
            return None, usage
        scores = await turn.model.score(turn.prompt, [_PROGRAM, _ANSWER])
        usage += scores.usage
        if scores.logprobs[1] > scores.logprobs[0]:
            due, cost = await self._change_is_due(turn)
            usage += cost
            if not due:
                action = await self._answer(turn)
                usage += action.usage
                if not unsupported(turn, action):
                    return replace(action, usage=usage), usage
        return None, usage

    async def _change_is_due(self, turn: Turn) -> tuple[bool, Usage]:
        """Whether the task asks for a change that was not made, or whose program failed on the way, and the cost."""
        if (turn.effects == "made" or any(has_changed(*made) for made in turn.done)) and not failed_last(turn):
            return False, Usage()
        if turn.effects == "failed":  # the task was found to ask for that effect
            return True, Usage()
        verdict = await ask(turn, ASKS_FOR_CHANGE)
        return verdict.yes and (verdict.margin >= READING_SPEAKS_AGAINST or not only_read(turn)), verdict.usage

    def _look(self, turn: Turn) -> Action:
        """The first program of a task, which the model does not choose: a model that has not looked invents."""
        runner = program_tool(turn.toolbox)
        assert runner is not None
        dialect = PythonCalls()
        lines = [str(turn.surveys[runner.name]["code"])] if runner.name in turn.surveys else []
        for name, arguments in turn.surveys.items():
            if name != runner.name:
                lines.append(f"print({dialect.show_call(name, arguments)})")
        code = "\n".join(lines)
        call = turn.new_call(runner.name, {"code": code})
        turn.harmless.add(call.id)
        return Action([Fragment(f"{_PROGRAM}{code}{_END}")], Usage(), calls=[call])

    async def _program(self, turn: Turn) -> Action | None:
        """The next program: the first that parses and does not repeat itself; None if there is none."""
        runner = program_tool(turn.toolbox)
        assert runner is not None
        usage = Usage()
        earlier = [
            (str(call.arguments.get("code")), result.ok) for call, result in turn.lately if call.name == runner.name
        ]
        begun = goal(turn.task) + beginning(turn)
        opening = Fragment(_PROGRAM + begun)
        for attempt in range(MAX_TRIES):
            sampling = (
                turn.sampling
                if attempt == 0
                else Sampling(TEMPERATURES[attempt - 1], seed=turn.sampling.seed + attempt)
            )
            decoded = await decode(
                replace(turn, sampling=sampling),
                [*turn.prompt, opening],
                lambda text: turn.emit(TextDelta("call", text)),
                stop=(_END, "\nOutput:"),
                max_tokens=MAX_PROGRAM_TOKENS,
            )
            usage += decoded.usage
            code = begun + decoded.text
            if is_usable(decoded) and not repeats(code, earlier):
                call = turn.new_call(runner.name, {"code": code})
                return Action([opening, *decoded.fragments, Fragment(_END)], usage, calls=[call])
        return None

    async def _last_word(self, turn: Turn) -> Action:
        """The answer of a run that can go no further: what was not done is not told as done."""
        if turn.answer_schema is not None:
            return await self._answer(turn)
        due, cost = await self._change_is_due(turn)
        as_before = any(has_written(*made) for made in turn.done) and not failed_last(turn)
        missing = _AS_BEFORE if as_before else NOT_DONE
        return plus(await self._answer(turn, missing if due else ""), cost)

    async def _answer(self, turn: Turn, beginning: str = "") -> Action:
        constraint = Constraint(f'start: " " {json_rule(turn.answer_schema)}') if turn.answer_schema else None
        opening = Fragment(f"{_ANSWER} {beginning}" if beginning else _ANSWER)
        if beginning:
            turn.emit(TextDelta("answer", beginning))
        decoded = await decode(
            turn,
            [*turn.prompt, opening],
            lambda text: turn.emit(TextDelta("answer", text)),
            constraint=constraint,
            stop=("\n\nTask:", "\n```", "\nOutput:"),
            max_tokens=MAX_ANSWER_TOKENS,
        )
        answer = f"{beginning}{decoded.text}".strip()
        fragments = [opening, *decoded.fragments]
        if constraint is None and not beginning and (left_out := untold(turn, answer)):
            turn.emit(TextDelta("answer", f"\n\n{left_out}"))
            answer, fragments = f"{answer}\n\n{left_out}", [*fragments, Fragment(f"\n\n{left_out}")]
        return checked(turn, Action(fragments, decoded.usage, answer=answer), decoded.finish)

    def results(self, turn: Turn, results: Sequence[tuple[ToolCall, ToolResult]]) -> list[Fragment]:
        shown = "".join(f"{spotlight.shown(result)}\n{wrote(call, result)}" for call, result in results)
        notes = "".join(f"{note}\n" for note in turn.notes)
        more = step_tools(turn, PythonCalls(), function_names(turn.toolbox))
        return [Fragment(f"\nOutput:\n{shown}{notes}{more}")]

    def problem(self, turn: Turn, text: str) -> list[Fragment]:
        return [Fragment(f"\nOutput:\nerror: {text}\n")]

    def example(self, turn: Turn, task: str, calls: Sequence[ToolCall]) -> str:
        """The programs that the model wrote itself: they begin with the task, and the look at the start does not."""
        programs = [str(call.arguments.get("code")) for call in calls]
        return "\n".join(f"{_PROGRAM}{code}{_END}" for code in programs if code.startswith(goal(task)))


def unsupported(turn: Turn, action: Action) -> list[str]:
    """Figures of an answer that nobody has seen."""
    return unsupported_figures(action.answer or "", turn.sources)


def plus(action: Action, usage: Usage) -> Action:
    """The action with the cost of what led to it."""
    return replace(action, usage=usage + action.usage)


def is_usable(decoded: Decoded) -> bool:
    """True for a whole program without syntax errors."""
    whole = decoded.finish not in ("length", "repetition") and bool(decoded.text.strip())
    return whole and parsed(decoded.text) is not None
