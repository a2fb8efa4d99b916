"""A conversation: an agent's tasks one after the other, each knowing those before it."""

import time
from collections.abc import AsyncGenerator, Callable, Collection
from typing import TYPE_CHECKING, Any

from agentx.errors import AgentXError
from agentx.events import Answered, CallStarted, Event, EventLog, ModelLoaded, RunFinished, RunStarted
from agentx.messages import RunResult, ToolCall, Usage
from agentx.model import Fragment
from agentx.provenance import Provenance

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.planner.base import Strategy
    from agentx.planner.claims.source import Source


PIPED = "\n\n<input>\n"
"""Between a task and what was piped in with it, which the user has not said."""


class Session:
    """A conversation with an agent. Not for use by two tasks at once."""

    def __init__(self, agent: "Agent", title: str = "") -> None:
        self._agent = agent
        self._title = title
        self._prompt: list[Fragment] = []
        self._conversation: list[tuple[str, str]] = []
        self._past: list[Source] = []
        self._shown: list[str] = []
        # What a person grants holds for this conversation.
        self._policy = agent.policy.for_session()
        self._provenance = Provenance()
        self._provenance.said(agent.instructions or "")
        self.id = ""

    async def run(self, task: str, *, output: type[Any] | None = None, without: Collection[str] = ()) -> RunResult:
        """Runs the conversation's next task to its end; see `Agent.run`, and `stream` for `without`."""
        calls: list[ToolCall] = []
        final: RunFinished | None = None
        answered: Answered | None = None
        async for event in self.stream(task, output=output, without=without):
            if isinstance(event, CallStarted):
                calls.append(event.call)
            elif isinstance(event, Answered):
                answered = event
            elif isinstance(event, RunFinished):
                final = event
        assert final is not None
        value = final.output
        if output is not None and final.status == "ok":
            import pydantic

            value = pydantic.TypeAdapter(output).validate_json(value)
        found = answered or Answered("")
        return RunResult(
            final.status, value, final.error, final.steps, calls, final.usage, self.id,
            tuple(found.citations), tuple(found.unverified),
        )  # fmt: skip

    async def stream(
        self, task: str, *, output: type[Any] | None = None, without: Collection[str] = ()
    ) -> AsyncGenerator[Event, None]:
        """Runs the conversation's next task and yields every event.

        Args:
            without: names of tools that are off in this task. They are masked, not taken out of the prompt, so that
                nothing of the conversation is read again.

        Raises:
            UsageError: there is no tool of such a name.
        """
        import asyncio

        agent = self._agent
        off = frozenset(agent.toolbox[name].name for name in without)
        on = [name for name in agent.toolbox if name not in off]
        journal = agent.open_journal()
        if not self.id:
            workspace = str(agent.workspace)
            self.id = journal.create_session(workspace=workspace, model=agent.model_name, task=self._title or task)
        events: asyncio.Queue[Event | None] = asyncio.Queue()

        def emit(event: Event) -> None:
            journal.append(self.id, event)
            events.put_nowait(event)

        emit(RunStarted(self.id, task, agent.model_name, agent.strategy, on, str(agent.workspace)))
        runner = asyncio.ensure_future(self._run(task, output, off, emit))
        runner.add_done_callback(lambda _: events.put_nowait(None))
        closed = False
        try:
            while (event := await events.get()) is not None:
                yield event
            final = await runner
            self._close(journal, final)
            closed = True
            yield final
        except AgentXError as error:
            self._close(journal, RunFinished("failed", None, str(error), 0, Usage()))
            closed = True
            raise
        finally:
            if not runner.done():
                runner.cancel()
                await asyncio.gather(runner, return_exceptions=True)
            if runner.cancelled():
                self._close(journal, RunFinished("interrupted", None, "The run was interrupted.", 0, Usage()))
            elif not closed and runner.exception() is None:  # the reader left before the last event
                self._close(journal, runner.result())

    def _close(self, journal: EventLog, final: RunFinished) -> None:
        journal.append(self.id, final)
        journal.finish(self.id, final.status, final.output)

    async def _run(
        self, task: str, output: type[Any] | None, without: frozenset[str], emit: Callable[[Event], None]
    ) -> RunFinished:
        from agentx.loop import Limits, Loop, Surroundings

        agent = self._agent
        started = time.perf_counter()
        model = await agent._load()  # pyright: ignore[reportPrivateUsage]
        emit(ModelLoaded(model.name, time.perf_counter() - started))
        turn = agent._turn(model, task, emit)  # pyright: ignore[reportPrivateUsage]
        turn.without = without
        turn.surveys = {name: arguments for name, arguments in turn.surveys.items() if name not in without}
        retrieval = agent._retrieval  # pyright: ignore[reportPrivateUsage]
        if retrieval:
            await retrieval.for_task(turn, self._shown)
        if output is not None:
            turn.answer_schema = _schema_of(output)
            turn.task += f"\n\nThe final answer is JSON of this schema: {turn.answer_schema}"
        plan = strategy_named(agent.strategy)
        turn.conversation = tuple(self._conversation)
        turn.prompt = self._prompt
        turn.prompt += plan.opening(turn, follow_up=bool(self._prompt))
        turn.was_shown()
        words, _, piped = task.partition(PIPED)
        self._provenance.said(words)
        self._provenance.privacy.add_private(piped)
        around = Surroundings(
            self.id,
            agent.workspace,
            self._policy,
            self._provenance,
            agent.approve,
            agent.tool_settings,
            retrieval,
            agent.ask,
        )
        turn.past = self._past
        try:
            final = await Loop(turn, plan, Limits(agent.max_steps, agent.timeout_s), around).run()
        finally:
            self._past = turn.seen
        self._conversation.append((task, str(final.output or final.error)))
        return final


def strategy_named(name: str) -> "Strategy":
    """A new strategy of this registered name."""
    from agentx import plugins

    return plugins.load("agentx.strategies", name)()


def _schema_of(output: type[Any]) -> dict[str, Any]:
    import pydantic

    from agentx.schema import without_titles

    return without_titles(pydantic.TypeAdapter(output).json_schema())
