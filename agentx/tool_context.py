"""What a tool gets of the run that it serves: a context by which it asks, reports, calls and has things done."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from agentx.changes import Watched
from agentx.events import CallProgress, QuestionAnswered, QuestionAsked
from agentx.messages import RunResult, ToolCall
from agentx.planner.base import Turn
from agentx.recorded_model import digest
from agentx.redaction import redact
from agentx.schema import ordered_parameters
from agentx.tool import Marks, Tool, ToolContext
from agentx.tool_state import ToolState

if TYPE_CHECKING:
    from agentx.calls import Surroundings


class _Caller(Protocol):
    """Makes a call for a program, which is the call `maker`; see `ToolContext.call_tool`."""

    def __call__(self, maker: ToolCall, marks: Marks, name: str, arguments: dict[str, Any], /) -> Awaitable[Any]: ...


class Contexts:
    """Makes the contexts of the calls of one run.

    Args:
        asking: held while a person is asked: calls run side by side, questions do not.
        call: makes the calls of programs.
    """

    def __init__(self, turn: Turn, around: "Surroundings", asking: asyncio.Lock, call: _Caller) -> None:
        self._turn = turn
        self._around = around
        self._asking = asking
        self._call = call

    def of(
        self,
        tool: Tool,
        call: ToolCall,
        maker: ToolCall,
        watched: Watched | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> ToolContext:
        """The context of a call; to be called in the event loop of the run.

        Args:
            maker: the call of the program that makes this one, or the call itself.
            is_over: whether the call has come to its end, so that a tool which was left behind is not heard any more.
        """
        around, provenance = self._around, self._around.provenance
        marks = Marks(untrusted="ingests_untrusted" in tool.capabilities)
        return ToolContext(
            workspace=around.workspace,
            session_id=around.session_id,
            call_id=call.id,
            task=self._turn.task,
            settings=around.tool_settings.get(call.name, {}),
            functions={
                other.name: ordered_parameters(other.parameters)
                for other in self._turn.allowed_tools
                if other.name != call.name
            },
            call_tool=partial(self._call, maker, marks),
            report=self._report(call.id, is_over),
            is_cancelled=is_over,
            ask=partial(self._ask, call.id) if around.ask else None,
            delegate=around.delegate and partial(self._delegate, call.id, Counter[str](), marks),
            marks=marks,
            tainted=provenance.tainted and bool(provenance.foreign(tool, call.arguments)),
            watched=watched,
            state=self._state(call, marks),
        )

    def _report(self, call_id: str, is_over: Callable[[], bool]) -> Callable[[str], None]:
        loop = asyncio.get_running_loop()

        def tell(text: str) -> None:
            if not is_over():  # asked here, in the event loop, where calls end
                self._turn.emit(CallProgress(call_id, text))

        return lambda text: loop.call_soon_threadsafe(tell, text) and None

    def _state(self, call: ToolCall, marks: Marks) -> ToolState | None:
        around = self._around
        if around.states is None:
            return None
        earlier = tuple(around.ended.get(call.name, ()))
        return ToolState(around.states, around.session_id, call.id, earlier, marks, around.provenance)

    async def _ask(self, call_id: str, question: str) -> str | None:
        """Puts a question of a tool to the person; what they say are the user's words."""
        assert self._around.ask is not None
        self._turn.emit(QuestionAsked(call_id, question))
        async with self._asking:
            answer = await self._around.ask(question)
        self._turn.emit(QuestionAnswered(call_id, answer))
        self._around.provenance.said(answer or "")
        return answer

    async def _delegate(
        self, call_id: str, begun: Counter[str], marks: Marks, task: str, *, id: str = "", **budget: Any
    ) -> RunResult:
        """Has a tool's part done in a session that is the same whenever the call is made again."""
        assert self._around.delegate is not None
        if marks.untrusted:
            self._around.provenance.taint()
        begun[task] += 1
        name = id or f"{call_id}-{digest([], [redact(task)])[:8]}-{begun[task]}"
        result = await self._around.delegate(task, id=name, **budget)
        # What it answers may be what it has read; the mark stays in the journal, from where the taint comes again.
        marks.untrusted = marks.untrusted or self._around.provenance.tainted
        return result
