"""Calls on their way: recorded before, refused, permitted, in doubt, carried out; each step of it is an event."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx import changes, doubt, sinks
from agentx.dispatch import as_arguments, carry_out, for_program, unless_too_much
from agentx.events import (
    CallDecoded,
    CallFinished,
    CallStarted,
    DoubtRaised,
    DoubtSettled,
    Event,
    Notice,
)
from agentx.gate import Gate
from agentx.messages import RunResult, ToolCall, ToolResult, Usage
from agentx.planner.base import Turn
from agentx.planner.equivalent import nothing_new
from agentx.planner.evidence import changes_something
from agentx.planner.retrieval import Retrieval
from agentx.policy import ASKING, Approver, Asker, Policy
from agentx.provenance import Provenance
from agentx.redaction import beginning, redacted_in
from agentx.steering import Steering
from agentx.tape import Tape
from agentx.threads import in_thread
from agentx.tool import Marks, Tool
from agentx.tool_context import Contexts
from agentx.tool_state import States

if TYPE_CHECKING:
    from agentx.guarding.desk import Desk


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run needs beside model and tools.

    Attributes:
        tape: what the run has recorded before it broke off; an empty one for a new run.
        steering: what a person says to the run.
        settle: asks a person about a call in doubt.
        delegate: has a task done in a session of its own (see `Session.delegate`).
        desk: what guards do about texts; None where none is on.
        states: where tools keep what is theirs from call to call; None where nowhere.
        ended: for each tool the ids of its calls that have ended in this session, in order.
    """

    session_id: str
    workspace: Path
    policy: Policy
    provenance: Provenance
    approve: Approver | None
    tool_settings: dict[str, dict[str, Any]]
    tape: Tape
    steering: Steering
    retrieval: Retrieval | None = None
    ask: Asker | None = None
    settle: doubt.Settler | None = None
    delegate: Callable[..., Awaitable[RunResult]] | None = None
    desk: "Desk | None" = None
    states: States | None = None
    ended: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


class Calls:
    """Carries out the calls of one run."""

    def __init__(self, turn: Turn, around: Surroundings) -> None:
        self._turn = turn
        self._around = around
        self._emit: Callable[[Event], None] = turn.emit
        self._gate = Gate(turn, around.workspace, around.policy, around.provenance, around.approve)
        self._unasked: set[str] = set()  # programs that run again without a person's word
        self.idle: set[str] = set()  # ids of the calls that brought nothing new
        self.begun: set[str] = set()  # ids of those that were begun, whatever came of them
        self._desk = around.desk and replace(around.desk, asking=self._gate.asking)
        self._contexts = Contexts(turn, around, self._gate.asking, self._call_from_tool)

    def _tell(self, text: str) -> None:
        self._emit(Notice(text))

    def has_effects(self, call: ToolCall) -> bool:
        return bool(self._turn.toolbox[call.name].capabilities & ASKING)

    @property
    def usage(self) -> Usage:
        """What asking the model about calls has cost."""
        return self._gate.usage

    async def at_once(self, calls: list[ToolCall]) -> None:
        """Carries out calls of the model's side by side; where one ends the run, those that have ended are done."""
        if len(calls) == 1:  # as nearly always: nothing to run beside
            self._turn.done.append((calls[0], await self._call(calls[0])))
            return
        tasks = [asyncio.ensure_future(self._call(call)) for call in calls]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            try:
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:  # whoever is impatient and cancels twice does not undo what was done
                self._turn.done += done(calls, tasks)

    async def _call(self, call: ToolCall) -> ToolResult:
        """Carries out a call of the model's; one that repeats itself is refused."""
        self._emit(CallDecoded(call))
        if recorded := await self._recorded(call):
            return self._unless_known(call, recorded)
        if refused := repeated(self._turn, call):
            self._emit(CallFinished(refused))
            return refused
        return self._unless_known(call, await self._permitted(call))

    def _unless_known(self, call: ToolCall, result: ToolResult) -> ToolResult:
        """The result as the model is shown it: one that an equivalent call gave before comes in one sentence."""
        told = nothing_new(self._turn.toolbox, call, result, self._turn.since_change)
        if told is None:
            return result
        self.idle.add(call.id)
        self._tell(f"{call.name} gave nothing new, and the model is told so.")
        return replace(result, text=told, value=None)

    async def _permitted(self, call: ToolCall, maker: ToolCall | None = None) -> ToolResult:
        self._require_open(call)
        if self._around.tape.imported:  # the first look too is what the file says
            self._turn.harmless.discard(call.id)
        permitted = await self._gate.pass_on(call, maker)
        if isinstance(permitted, ToolCall):
            return await self._started(call, permitted, maker)
        self._emit(CallFinished(permitted))
        return permitted

    async def _started(self, call: ToolCall, permitted: ToolCall, maker: ToolCall | None) -> ToolResult:
        """From the intent to the result; `maker` is the call of the program that makes this one."""
        # What counts is the program that the model wrote, whatever it calls by way of other tools.
        result = await self._noting_changes(permitted, maker or permitted)
        self._require_the_same(permitted)
        return await self._finished(call, permitted, result, shown=maker is None)

    async def _finished(self, call: ToolCall, permitted: ToolCall, result: ToolResult, *, shown: bool) -> ToolResult:
        if not shown:  # first of all: what nobody gets is neither looked through nor kept
            result = unless_too_much(permitted.name, result)
        if self._desk:
            result = await self._desk.result(permitted, result, shown=shown)
        result = self._noted(permitted, result)
        if told := warning(self._around, result):
            self._tell(told)
        if shown and permitted != call:
            told = f"(the user changed the arguments to {json.dumps(permitted.arguments, ensure_ascii=False)})"
            result = replace(result, text=f"{told}\n{result.text}")
        self._emit(CallFinished(result))
        return result

    def _noted(self, call: ToolCall, result: ToolResult) -> ToolResult:
        """The result as it is to be kept, once all that follows from it is noted."""
        tool = self._turn.toolbox[call.name]
        self._around.ended.setdefault(call.name, []).append(call.id)
        result = self._around.provenance.take(tool, call, result)
        if changes_something(tool) and self._turn.effects != "made" and result.status in ("ok", "error"):
            self._turn.effects = "made" if result.ok else "failed"
        return self._turn.recovery.take(tool, result, self._turn.toolbox)

    def _begin(self, intent: CallStarted) -> None:
        self.begun.add(intent.call.id)
        self._emit(intent)

    async def _recorded(self, call: ToolCall, maker: ToolCall | None = None) -> ToolResult | None:
        """What came of a call before the run broke off, so that it is not made twice; None for one not yet begun."""
        recorded = self._around.tape.calls
        intent, result = recorded.intent(call.id), recorded.result(call.id)
        if intent is None and result is None:
            return None
        if intent is not None:
            self._begin(intent)
            if result is None:
                return await self._in_doubt(call, intent, maker)
            self._note_past(intent.call)
            self._noted(intent.call, result)
        assert result is not None
        self._emit(CallFinished(result))
        return result

    async def _in_doubt(self, call: ToolCall, intent: CallStarted, maker: ToolCall | None) -> ToolResult:
        self._around.tape.require_open()
        permitted, tool = intent.call, self._turn.toolbox[call.name]
        self._emit(DoubtRaised(permitted))
        context = self._contexts.of(tool, permitted, maker or permitted)
        happened, reason = await doubt.settled(tool, intent, context, self._around.settle, self._tell)
        self._emit(DoubtSettled(call.id, happened, reason))
        if happened:
            self._note_past(permitted)
            return await self._finished(call, permitted, doubt.as_result(tool, permitted), shown=maker is None)
        self._require_open(permitted)
        verdict = self._around.policy.judge(tool, permitted, self._around.workspace)
        if verdict.answer == "deny":
            denied = ToolResult(call.id, "denied", f"denied: {verdict.reason}.")
            return await self._finished(call, permitted, denied, shown=maker is None)
        if reason != doubt.SAID:
            self._unasked.add(call.id)
        if self._around.tape.imported:  # whoever has approved it was not here
            return await self._permitted(permitted, maker)
        return await self._started(call, permitted, maker)

    def _note_past(self, maker: ToolCall) -> None:
        """Notes what people said to a call that is not made again, and what the calls that it made have brought."""
        tape = self._around.tape
        for answer in () if tape.imported else tape.calls.answers(maker):
            self._around.provenance.said(answer)
        for call, result in tape.calls.within(maker):
            self._noted(call, result)

    def _require_open(self, call: ToolCall) -> None:
        """Raises what `Tape.require_open` does, and SecretGone where the call's arguments are not what they were."""
        tape = self._around.tape
        tape.require_open()
        if tape.resumed and self.has_effects(call) and (name := redacted_in(call.arguments)):
            raise doubt.SecretGone(call, name)

    def _require_the_same(self, maker: ToolCall) -> None:
        """A program that runs again unasked makes the calls that it had made: what they did is not done in another way.

        Raises:
            InDoubt: it goes another way.
        """
        if maker.id in self._unasked and any(map(self.has_effects, self._around.tape.calls.unmade(maker))):
            raise doubt.InDoubt(maker, self._around.session_id)

    async def _noting_changes(self, call: ToolCall, maker: ToolCall) -> ToolResult:
        tool, folder = self._turn.toolbox[call.name], self._around.workspace
        if not tool.capabilities & {"writes", "executes"}:
            self._begin(CallStarted(call))
            return await self._carry_out(tool, call, maker)
        watched = await in_thread(lambda: changes.Watched(folder))
        self._begin(CallStarted(call, await in_thread(lambda: changes.fingerprint(folder)) if tool.confined else ""))
        result = await self._carry_out(tool, call, maker, watched)
        # Of a tool that was given up, or failed in the middle, nobody knows what it did after it had looked.
        after = watched.after if result.ok and watched.after else await in_thread(watched.look)
        return replace(result, changed=changes.changed(watched.before, after), overlooked=not after.whole)

    async def _call_from_tool(self, maker: ToolCall, marks: Marks, name: str, arguments: dict[str, Any]) -> Any:
        """A call that a tool makes (a program that the model wrote): same policy, same journal."""
        if marks.untrusted:
            self._around.provenance.taint()
        recorded = self._around.tape.calls
        call = recorded.with_id(name, as_arguments(name, arguments), maker)
        if recorded.intent(call.id) is None and self.has_effects(call):
            self._require_the_same(maker)
        self._emit(CallDecoded(call))
        result = await self._recorded(call, maker) or await self._permitted(call, maker)
        return for_program(name, result)

    async def _carry_out(
        self, tool: Tool, call: ToolCall, maker: ToolCall, watched: changes.Watched | None = None
    ) -> ToolResult:
        over = [False]
        started = time.perf_counter()
        try:
            return await carry_out(tool, call, self._contexts.of(tool, call, maker, watched, lambda: over[0]))
        except asyncio.CancelledError:
            self._emit(CallFinished(ToolResult(call.id, "cancelled", "", elapsed_s=time.perf_counter() - started)))
            raise
        finally:
            over[0] = True


def repeated(turn: Turn, call: ToolCall) -> ToolResult | None:
    """The refusal of a call that can bring nothing new (see `Turn.earlier`), with its reason; None for any other."""
    earlier = turn.earlier(call)
    if earlier is None:
        return None
    said = earlier.text if len(earlier.text) <= 200 else f"{beginning(earlier.text, 200)}…"
    reason = f"refused: you made this very call before; it gave: {said}. Do something else."
    return ToolResult(call.id, "refused", reason, untrusted=earlier.untrusted)


def warning(around: Surroundings, result: ToolResult) -> str:
    """A program may change any file of the workspace; after text of strangers a person should look at some."""
    later = [path for path in result.changed if sinks.runs_later(around.workspace, path)]
    if not later or not around.provenance.tainted:
        return ""
    return f"Look at {', '.join(later)}: it may be run later, and text of strangers was read."


def done(calls: Sequence[ToolCall], tasks: Sequence[asyncio.Future[ToolResult]]) -> list[tuple[ToolCall, ToolResult]]:
    """The calls whose tasks have come to a result, with it."""
    ended = [(call, task) for call, task in zip(calls, tasks, strict=True) if task.done() and not task.cancelled()]
    return [(call, task.result()) for call, task in ended if not task.exception()]


def broken_off(call: ToolCall, begun: bool) -> ToolResult:
    """What stands for the result of a call of a reply in the midst of which the run ended."""
    under_way = "no result: the run ended while this was under way, and it may have been carried out"
    return ToolResult(call.id, "cancelled", under_way if begun else "not carried out: the run ended before")
