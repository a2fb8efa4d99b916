"""The loop: show the model what happened, decode the next valid action, carry it out, append what came of it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from agentx.calls import Calls, Surroundings, broken_off
from agentx.context import Room
from agentx.deadline import Deadline, heard_out
from agentx.doubt import Settlement
from agentx.errors import AgentXError, ContextOverflow, EndsRun
from agentx.events import Event, Notice, RunFinished, StepFinished, StepStarted
from agentx.messages import Cause, RunStatus, ToolCall, ToolResult, Usage
from agentx.planner.answers import is_json
from agentx.planner.base import Action, Strategy, Turn
from agentx.planner.exhausted import Exhausted
from agentx.planner.review import Review
from agentx.policy import UNANSWERED
from agentx.steering import heed
from agentx.tape import Diverged

MAX_PROBLEMS = 2
"""Unusable replies in a row after which a run is given up."""


@dataclass(frozen=True, slots=True)
class Limits:
    max_steps: int = 20
    timeout_s: float | None = None


class Loop:
    """One task, from its opening to its answer.

    Args:
        turn: what the strategy sees; its prompt grows with every step.
        strategy: which action next.
        room: keeps the prompt within the model's context.
    """

    def __init__(self, turn: Turn, strategy: Strategy, limits: Limits, around: Surroundings, room: Room) -> None:
        self._turn = turn
        self._strategy = strategy
        self._limits = limits
        self._deadline = Deadline(limits.timeout_s)
        self._around = around = with_time_to_answer(around, self._deadline)
        self._review = Review(turn, around.desk)
        self._emit: Callable[[Event], None] = turn.emit
        self._usage = Usage()
        self._steps = 0
        self._calls = Calls(turn, around)
        self._room = room
        self._exhausted = Exhausted()

    async def run(self) -> RunFinished:
        """Runs to the end; every way to end is a RunFinished, but cancellation, which is passed on."""
        end = await self._ended(self._in_time())
        draft = self._review.spare
        if end.status in ("ok", "refused", "in_doubt") or draft is None:
            return end
        return await self._ended(self._conclude(draft))

    async def _in_time(self) -> RunFinished:
        async with self._deadline:
            return await self._decide_and_act()

    async def _ended(self, work: Coroutine[Any, Any, RunFinished]) -> RunFinished:
        try:
            return await work
        except TimeoutError:
            if not self._deadline.expired:
                raise
            return self._end("timeout", f"The time limit of {self._limits.timeout_s:g} seconds is up; raise --timeout.")
        except Diverged:
            raise
        except EndsRun as error:
            return self._end(error.status, str(error))
        except ContextOverflow as error:
            return self._end("failed", str(error), cause="model")
        except AgentXError as error:
            return self._end("failed", str(error))

    async def _decide_and_act(self) -> RunFinished:
        turn, problems = self._turn, 0
        for number in range(1, self._limits.max_steps + 1):
            self._steps = number
            self._emit(StepStarted(number))
            if await heed(turn, self._strategy, self._around, number):
                self._review.forget()
            self._usage += await self._room.make()
            action = await self._strategy.decide(turn)
            turn.prompt += action.fragments
            turn.steps, turn.has_news = turn.steps + 1, False
            self._usage += action.usage
            if action.answer is not None:
                self._emit(StepFinished(number, action.usage))
                if self._goes_on(number, action.answer, action.problem):
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
                self._note_exhausted(results)
                try:
                    await self._retrieve(action, results)
                finally:  # where the run ends meanwhile, the calls have been made all the same
                    turn.prompt += self._strategy.results(turn, results)
            turn.was_shown()
            self._emit(StepFinished(number, action.usage))
            if problems > MAX_PROBLEMS:
                told = f"The model gave {problems} unusable replies in a row ({action.problem}); try another model."
                return self._end("failed", told, cause="model")
        told = f"No answer within {self._limits.max_steps} steps; raise --max-steps."
        return self._end("failed", told, cause="model")

    def _goes_on(self, number: int, answer: str, flaw: str | None) -> bool:
        """Whether the step after an answer is due: the user has said more meanwhile, or the answer is sent back."""
        if number < self._limits.max_steps:
            if self._around.steering.is_due(number + 1, self._around.tape):
                return True
            if objection := self._review.objection(answer, flaw):
                self._turn.prompt += self._strategy.problem(self._turn, objection)
                return True
        if flaw:
            self._emit(Notice("The answer was cut off and is given as far as it goes."))
        return False

    async def _conclude(self, answer: str) -> RunFinished:
        verdict = await self._review.judge(answer)
        self._usage += verdict.usage
        if verdict.refusal:
            return self._end("refused", verdict.refusal)
        if self._turn.answer_schema is not None and not is_json(verdict.answer):
            told = "The answer is no whole JSON; ask for a shorter one."
            return self._end("failed", told, cause="model")
        self._around.tape.pass_end()
        self._review.publish(verdict.answer)
        return self._end("ok", output=verdict.answer)

    def _end(
        self, status: RunStatus, error: str | None = None, output: Any = None, cause: Cause | None = None
    ) -> RunFinished:
        return RunFinished(status, output, error, self._steps, self._usage + self._calls.usage, cause)

    async def _act(self, calls: list[ToolCall]) -> list[tuple[ToolCall, ToolResult]]:
        """Carries out the calls of one reply: neighbours without side effects at once, the others one by one."""
        done, before = self._turn.done, len(self._turn.done)
        try:
            for group in in_groups(calls, self._calls.has_effects):
                await self._calls.at_once(group)
        except BaseException:
            self._show_what_was_done(calls, done[before:])
            raise
        results = done[before:]
        idle = [result for _, result in results if self._is_idle(result)]
        # A model that only repeats itself has what it needs, or never will: it has to answer.
        if idle and len(idle) == len(results) and self._was_idle(len(results)):
            self._turn.must_answer = True
            self._emit(Notice("The run repeats itself; the model has to answer now."))
        return results

    def _show_what_was_done(self, calls: list[ToolCall], done: list[tuple[ToolCall, ToolResult]]) -> None:
        """In the midst of a reply the run ends: whoever goes on with the conversation must do none of it twice."""
        results = {call.id: result for call, result in done}
        shown = [(call, results.get(call.id) or broken_off(call, call.id in self._calls.begun)) for call in calls]
        self._turn.prompt += self._strategy.results(self._turn, shown)

    async def _retrieve(self, action: Action, results: list[tuple[ToolCall, ToolResult]]) -> None:
        if self._around.retrieval:
            await self._around.retrieval.for_step(self._turn, action, results)

    def _note_failures(self) -> None:
        for note in self._turn.recovery.after_step({tool.name for tool in self._turn.callable_tools}):
            self._note(note)

    def _note_exhausted(self, results: list[tuple[ToolCall, ToolResult]]) -> None:
        recovery = self._turn.recovery
        for name in self._exhausted.after_step(results, self._turn.toolbox):
            if any(tool.name != name for tool in self._turn.callable_tools):
                recovery.masked.add(name)
                self._note(f"{name} gives the same whatever it is asked: use another function, or answer.")

    def _note(self, text: str) -> None:
        """Tells the model, behind the results of the step, and the user."""
        self._turn.notes.append(text)
        self._emit(Notice(text))

    def _was_idle(self, new: int) -> bool:
        before = self._turn.lately[:-new]
        return bool(before) and self._is_idle(before[-1][1])

    def _is_idle(self, result: ToolResult) -> bool:
        return result.status == "refused" or result.call_id in self._calls.idle


def with_time_to_answer(around: Surroundings, deadline: Deadline) -> Surroundings:
    """Where a person is asked, the run's time stands still; one who was not waited for any longer has not answered."""
    silent: Settlement = "stop"
    approve = around.approve and deadline.still_during(heard_out(around.approve, UNANSWERED))
    return replace(
        around,
        approve=approve,
        desk=around.desk and replace(around.desk, approve=around.desk.approve and approve),
        ask=around.ask and deadline.still_during(heard_out(around.ask, None)),
        settle=around.settle and deadline.still_during(heard_out(around.settle, silent)),
    )


def in_groups(calls: list[ToolCall], alone: Callable[[ToolCall], bool]) -> list[list[ToolCall]]:
    """Neighbours in groups, in order; a call that is to be alone is a group of its own."""
    groups: list[list[ToolCall]] = []
    for call in calls:
        if groups and not alone(call) and not alone(groups[-1][0]):
            groups[-1].append(call)
        else:
            groups.append([call])
    return groups
