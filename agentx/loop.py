"""The loop: show the model what happened, decode the next valid action, carry it out, append what came of it."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from agentx import changes, sinks
from agentx.dispatch import as_arguments, carry_out
from agentx.errors import AgentXError, ToolError
from agentx.events import (
    CallDecoded,
    CallFinished,
    CallProgress,
    CallStarted,
    Event,
    Notice,
    QuestionAnswered,
    QuestionAsked,
    RunFinished,
    StepFinished,
    StepStarted,
)
from agentx.gate import Gate
from agentx.messages import RunStatus, ToolCall, ToolResult, Usage
from agentx.planner.base import Action, Strategy, Turn
from agentx.planner.retrieval import Retrieval
from agentx.planner.review import Review
from agentx.policy import ASKING, Approver, Asker, NeedsApproval, Policy
from agentx.provenance import Provenance
from agentx.schema import ordered_parameters
from agentx.threads import in_thread
from agentx.tool import Marks, ToolContext

MAX_PROBLEMS = 2
"""Unusable replies in a row after which a run is given up."""


@dataclass(frozen=True, slots=True)
class Limits:
    max_steps: int = 20
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run needs beside model and tools."""

    session_id: str
    workspace: Path
    policy: Policy
    provenance: Provenance
    approve: Approver | None
    tool_settings: dict[str, dict[str, Any]]
    retrieval: Retrieval | None = None
    ask: Asker | None = None


class Loop:
    """One task, from its opening to its answer.

    Args:
        turn: what the strategy sees; its prompt grows with every step.
        strategy: which action next.
    """

    def __init__(self, turn: Turn, strategy: Strategy, limits: Limits, around: Surroundings) -> None:
        self._turn = turn
        self._strategy = strategy
        self._review = Review(turn)
        self._limits = limits
        self._around = around
        self._emit: Callable[[Event], None] = turn.emit
        self._usage = Usage()
        self._steps = 0
        self._gate = Gate(turn, around.workspace, around.policy, around.provenance, around.approve)

    async def run(self) -> RunFinished:
        """Runs to the end; every way to end is a RunFinished, but cancellation, which is passed on."""
        end = await self._run()
        draft = self._review.spare
        return end if end.status in ("ok", "refused") or draft is None else self._answered(draft)

    async def _run(self) -> RunFinished:
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                return await self._decide_and_act()
        except TimeoutError:
            return self._end("timeout", f"The time limit of {self._limits.timeout_s:g} seconds is up; raise --timeout.")
        except NeedsApproval as error:
            return self._end("denied", str(error))
        except AgentXError as error:
            return self._end("failed", str(error))

    async def _decide_and_act(self) -> RunFinished:
        turn, problems = self._turn, 0
        for number in range(1, self._limits.max_steps + 1):
            self._steps = number
            self._emit(StepStarted(number))
            action = await self._strategy.decide(turn)
            turn.prompt += action.fragments
            turn.steps += 1
            self._usage += action.usage
            if action.answer is not None:
                self._emit(StepFinished(number, action.usage))
                if number < self._limits.max_steps and (objection := self._review.objection(action.answer)):
                    turn.prompt += self._strategy.problem(turn, objection)
                    continue
                return await self._conclude(action.answer)
            if action.problem:
                problems += 1
                self._emit(Notice(f"The reply could not be used: {action.problem}."))
                await self._retrieve(action, [])
                turn.prompt += self._strategy.problem(turn, action.problem)
            else:
                problems = 0
                results = await self._act(action.calls)
                self._note_failures()
                await self._retrieve(action, results)
                turn.prompt += self._strategy.results(turn, results)
            turn.was_shown()
            self._emit(StepFinished(number, action.usage))
            if problems > MAX_PROBLEMS:
                return self._end("failed", f"The model gave {problems} unusable replies in a row; try another model.")
        return self._end("failed", f"No answer within {self._limits.max_steps} steps; raise --max-steps.")

    async def _conclude(self, answer: str) -> RunFinished:
        verdict = await self._review.judge(answer)
        self._usage += verdict.usage
        return self._end("refused", verdict.refusal) if verdict.refusal else self._answered(verdict.answer)

    def _answered(self, answer: str) -> RunFinished:
        self._review.publish(answer)
        return self._end("ok", output=answer)

    def _end(self, status: RunStatus, error: str | None = None, output: Any = None) -> RunFinished:
        return RunFinished(status, output, error, self._steps, self._usage + self._gate.usage)

    async def _act(self, calls: list[ToolCall]) -> list[tuple[ToolCall, ToolResult]]:
        """Carries out the calls of one reply: neighbours without side effects at once, the others one by one."""
        results: list[tuple[ToolCall, ToolResult]] = []
        for group in in_groups(calls, self._has_effects):
            done = await self._at_once(group)
            results += zip(group, done, strict=True)
            self._turn.done += zip(group, done, strict=True)
        refused = [result for _, result in results if result.status == "refused"]
        # A model that only repeats itself has what it needs, or never will: it has to answer.
        if refused and len(refused) == len(results) and self._already_refused(len(results)):
            self._turn.must_answer = True
            self._emit(Notice("The run repeats itself; the model has to answer now."))
        return results

    async def _retrieve(self, action: Action, results: list[tuple[ToolCall, ToolResult]]) -> None:
        if self._around.retrieval:
            await self._around.retrieval.for_step(self._turn, action, results)

    def _note_failures(self) -> None:
        for note in self._turn.recovery.after_step({tool.name for tool in self._turn.callable_tools}):
            self._turn.notes.append(note)
            self._emit(Notice(note))

    async def _at_once(self, calls: list[ToolCall]) -> list[ToolResult]:
        if len(calls) == 1:
            return [await self._call(calls[0])]
        tasks = [asyncio.ensure_future(self._call(call)) for call in calls]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def _already_refused(self, new: int) -> bool:
        before = self._turn.done[:-new]
        return bool(before) and before[-1][1].status == "refused"

    def _has_effects(self, call: ToolCall) -> bool:
        return bool(self._turn.toolbox[call.name].capabilities & ASKING)

    async def _call(self, call: ToolCall) -> ToolResult:
        """Carries out a call of the model's; one that repeats itself is refused."""
        self._emit(CallDecoded(call))
        if refused := self._refusal(call):
            self._emit(CallFinished(refused))
            return refused
        return await self._permitted(call)

    async def _permitted(self, call: ToolCall, maker: ToolCall | None = None) -> ToolResult:
        result = await self._gate.pass_on(call, maker)
        if isinstance(result, ToolCall):
            permitted = result
            self._emit(CallStarted(permitted))
            # What counts is the program that the model wrote, whatever it calls by way of other tools.
            result = await self._noting_changes(permitted, maker or permitted)
            toolbox = self._turn.toolbox
            result = self._around.provenance.take(toolbox[call.name], permitted, result)
            result = self._turn.recovery.take(toolbox[call.name], result, toolbox)
            self._warn_of(result)
            if permitted != call:
                told = f"(the user changed the arguments to {json.dumps(permitted.arguments, ensure_ascii=False)})"
                result = replace(result, text=f"{told}\n{result.text}")
        self._emit(CallFinished(result))
        return result

    def _warn_of(self, result: ToolResult) -> None:
        """A program may change any file of the workspace; after text of strangers a person should look at some."""
        later = [path for path in result.changed if sinks.runs_later(self._around.workspace, path)]
        if later and self._around.provenance.tainted:
            self._emit(Notice(f"Look at {', '.join(later)}: it may be run later, and text of strangers was read."))

    async def _noting_changes(self, call: ToolCall, maker: ToolCall) -> ToolResult:
        if not self._turn.toolbox[call.name].capabilities & {"writes", "executes"}:
            return await self._carry_out(call, maker)
        before = await in_thread(lambda: changes.look(self._around.workspace))
        result = await self._carry_out(call, maker)
        after = await in_thread(lambda: changes.look(self._around.workspace))
        return replace(result, changed=changes.changed(before, after))

    async def _call_from_tool(self, maker: ToolCall, marks: Marks, name: str, arguments: dict[str, Any]) -> Any:
        """A call that a tool makes (a program that the model wrote): same policy, same journal."""
        if marks.untrusted:
            self._around.provenance.taint()
        call = self._turn.new_call(name, as_arguments(name, arguments))
        self._emit(CallDecoded(call))
        result = await self._permitted(call, maker)
        if not result.ok:
            raise ToolError(result.text)
        return result.text if result.value is None else result.value

    def _refusal(self, call: ToolCall) -> ToolResult | None:
        """A call that repeats an earlier one is refused with its reason; after a change of files it may be repeated."""
        earlier = self._turn.earlier(call)
        if earlier is None:
            return None
        said = earlier.text if len(earlier.text) <= 200 else f"{earlier.text[:200]}…"
        reason = f"refused: you made this very call before; it gave: {said}. Do something else."
        return ToolResult(call.id, "refused", reason, untrusted=earlier.untrusted)

    async def _ask(self, call_id: str, question: str) -> str | None:
        """Puts a question of a tool to the person; what they say are the user's words."""
        assert self._around.ask is not None
        self._emit(QuestionAsked(call_id, question))
        async with self._gate.asking:
            answer = await self._around.ask(question)
        self._emit(QuestionAnswered(call_id, answer))
        self._around.provenance.said(answer or "")
        return answer

    async def _carry_out(self, call: ToolCall, maker: ToolCall) -> ToolResult:
        loop = asyncio.get_running_loop()
        over = [False]
        tool, provenance = self._turn.toolbox[call.name], self._around.provenance
        marks = Marks(untrusted="ingests_untrusted" in tool.capabilities)
        context = ToolContext(
            workspace=self._around.workspace,
            session_id=self._around.session_id,
            call_id=call.id,
            task=self._turn.task,
            settings=self._around.tool_settings.get(call.name, {}),
            functions={
                tool.name: ordered_parameters(tool.parameters)
                for tool in self._turn.allowed_tools
                if tool.name != call.name
            },
            call_tool=partial(self._call_from_tool, maker, marks),
            report=lambda text: loop.call_soon_threadsafe(self._emit, CallProgress(call.id, text)) and None,
            is_cancelled=lambda: over[0],
            ask=partial(self._ask, call.id) if self._around.ask else None,
            marks=marks,
            tainted=provenance.tainted and bool(provenance.foreign(tool, call.arguments)),
        )
        started = time.perf_counter()
        try:
            return await carry_out(tool, call, context)
        except asyncio.CancelledError:
            self._emit(CallFinished(ToolResult(call.id, "cancelled", "", elapsed_s=time.perf_counter() - started)))
            raise
        finally:
            over[0] = True


def in_groups(calls: list[ToolCall], alone: Callable[[ToolCall], bool]) -> list[list[ToolCall]]:
    """Neighbours in groups, in order; a call that is to be alone is a group of its own."""
    groups: list[list[ToolCall]] = []
    for call in calls:
        if groups and not alone(call) and not alone(groups[-1][0]):
            groups[-1].append(call)
        else:
            groups.append([call])
    return groups
