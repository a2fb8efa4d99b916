"""A conversation: an agent's tasks one after the other, each knowing those before it."""

import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentx.dialogue import Dialogue
from agentx.echo import Echo
from agentx.errors import AgentXError, UsageError
from agentx.events import (
    Answered,
    CallFinished,
    CallStarted,
    Delegated,
    Event,
    EventLog,
    ModeChanged,
    ModelLoaded,
    Notice,
    RunFinished,
    RunResumed,
    RunStarted,
)
from agentx.execution import Execution, Job
from agentx.history import Run, runs
from agentx.imported import is_brought, told
from agentx.messages import RunResult, ToolCall, Usage
from agentx.model import Model
from agentx.recorded_model import RecordedModel
from agentx.steering import Steering, said, with_words
from agentx.tape import Tape

if TYPE_CHECKING:
    from agentx.agent import Agent


class Session:
    """A conversation with an agent. Not for use by two tasks at once.

    Args:
        id: what a new session is to be called in the journal; "" leaves it to the journal.
        parent: the session whose task this one works for.
        recorded: the id of a session that the journal holds: it goes on from there. Its tasks are played back when the
            next begins, without the model being asked or a call being made.

    Raises:
        UsageError: the journal holds no such session, one without the model's replies, or the agent lacks a tool of it.
    """

    def __init__(
        self, agent: "Agent", title: str = "", *, id: str = "", recorded: str = "", parent: "Session | None" = None
    ) -> None:
        self._agent = agent
        self._title = title
        self._parent = parent
        self._tell: Callable[[Event], None] | None = None
        self._write: Callable[[Event], None] | None = None
        self._steering = Steering()
        self.id = recorded
        self._new_id = id or None
        # Before the events are read: what is written in between is not overlooked.
        self._known = agent.open_journal().last_number(recorded) if recorded else 0
        events = agent.open_journal().numbered(recorded) if recorded else []
        self._recorded = runs(events)
        self._dialogue = Dialogue(agent, parent and parent._dialogue, imported=is_brought(events))
        for run in self._recorded:
            if not run.can_be_played:
                raise UsageError(
                    f"Session {recorded} was recorded by a version of AgentX that kept no replies of the model, so "
                    "that it cannot go on; begin a new one."
                )
            for name in [*run.started.tools, *Job.of(run).without]:
                agent.toolbox[name]

    @property
    def last(self) -> Run | None:
        """The last task of a session that was taken from the journal; None once its past was played back."""
        return self._recorded[-1] if self._recorded else None

    @property
    def unfinished(self) -> Run | None:
        """The last task, if it broke off."""
        return self.last if self.last and self.last.is_unfinished else None

    async def run(self, task: str, *, output: type[Any] | None = None, without: Collection[str] = ()) -> RunResult:
        """Runs the conversation's next task to its end; see `Agent.run`, and `stream` for `without`."""
        return await _result(self, self.stream(task, output=output, without=without), output)

    async def resume(self, *, output: type[Any] | None = None) -> RunResult:
        """Goes on with the task that broke off; see `stream_resumed`."""
        before = self.unfinished.events if self.unfinished else []
        return await _result(self, self.stream_resumed(), output, before)

    async def stream(
        self,
        task: str,
        *,
        output: type[Any] | None = None,
        without: Collection[str] = (),
        max_steps: int | None = None,
        timeout_s: float | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Runs the conversation's next task and yields every event.

        A task that broke off before is given up: what it has done stays done.

        Args:
            without: names of tools that are off in this task. They are masked, not taken out of the prompt, so that
                nothing of the conversation is read again.
            max_steps, timeout_s: limits of this task in place of the agent's.

        Raises:
            UsageError: there is no tool of such a name, or another process is at work on this session.
        """
        off = frozenset(self._agent.toolbox[name].name for name in without)
        job = Job(task, 0, _schema_of(output) if output is not None else None, off, max_steps, timeout_s)
        async with aclosing(self._stream(self._started(job), job, [])) as events:
            async for event in events:
                yield event

    def _started(self, job: Job) -> RunStarted:
        """How a new task begins; the first one makes the session."""
        agent, journal = self._agent, self._agent.open_journal()
        workspace = str(agent.workspace)
        if not self.id:
            self.id = journal.create_session(
                workspace=workspace,
                model=agent.model_name,
                task=self._title or job.task,
                session_id=self._new_id,
                parent=self._parent.id if self._parent else None,
            )
        on = [name for name in agent.toolbox if name not in job.without]
        settings = {**agent.settings(), **job.settings()}
        return RunStarted(self.id, job.task, agent.model_name, agent.strategy, on, workspace, settings)

    async def stream_resumed(self) -> AsyncGenerator[Event, None]:
        """Goes on with the task that broke off, and yields what is new: the steps that it took are not taken again.
        Where another model took them, it begins anew, and the model is told what was done.

        Raises:
            UsageError: no task of this session broke off, or another process is at work on it.
            Diverged: AgentX, the model, the tools or the settings are not those that the task began with.
        """
        run = self.unfinished
        if run is None:
            raise UsageError(f"No task of session {self.id} broke off; give it a new one.")
        job = Job.of(run)
        if self._dialogue.plays(run):
            stream = self._stream(RunResumed(self.id, job.task), job, run.events)
        else:
            anew = replace(job, number=0, task=with_words(job.task, said(run)))
            stream = self._stream(self._started(anew), anew, [])
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    async def _stream(
        self, opening: RunStarted | RunResumed, job: Job, record: Sequence[Event]
    ) -> AsyncGenerator[Event, None]:
        import asyncio

        journal = self._agent.open_journal()
        events: asyncio.Queue[Event | None] = asyncio.Queue()

        def emit(event: Event) -> None:
            self._known = journal.append(self.id, event)
            events.put_nowait(event)

        with journal.lease(self.id):
            self._require_current(journal)
            journal.reopen(self.id)
            self._tell, self._write, self._steering = events.put_nowait, emit, Steering(record)
            emit(opening)
            number = self._known
            job = job if job.number else replace(job, number=number)
            runner = asyncio.ensure_future(self._run(job, record, emit))
            runner.add_done_callback(lambda _: events.put_nowait(None))
            closed = False
            try:
                while (event := await events.get()) is not None:
                    yield event
                final = await runner
                ends = self._close(journal, final)
                closed = True
                for event in ends:
                    yield event
            except AgentXError as error:
                self._close(journal, RunFinished("failed", None, str(error), 0, Usage()))
                closed = True
                raise
            finally:
                self._tell = self._write = None
                if not runner.done():
                    runner.cancel()
                    await asyncio.gather(runner, return_exceptions=True)
                if runner.cancelled():
                    self._close(journal, RunFinished("interrupted", None, "The run was interrupted.", 0, Usage()))
                elif not closed and runner.exception() is None:  # the reader left before the last event
                    self._close(journal, runner.result())

    def _require_current(self, journal: EventLog) -> None:
        if journal.last_number(self.id) != self._known:
            raise UsageError(f"Session {self.id} went on elsewhere after it was read here; take it up once more.")

    def _close(self, journal: EventLog, final: RunFinished) -> list[Event]:
        self._write = None
        ends = [*self._steering.end(), final]
        for event in ends:
            self._known = journal.append(self.id, event)
        journal.finish(self.id, final.status, final.output)
        if self._recorded:  # the past was not played back, and this task belongs to it now
            self._recorded = runs(journal.numbered(self.id))
        return ends

    def steer(self, text: str) -> None:
        """Adds something to the task that is under way: the model is shown it before its next step (see
        `agentx.steering`). To be called in the event loop of the run, which tells of it by events.

        Raises:
            UsageError: no task is under way, or the text is empty.
        """
        if self._write is None:
            raise UsageError("No task is under way to be steered; run this as a task.")
        self._write(self._steering.say(text))

    def note_mode(self) -> None:
        """Has a task that is under way go on with the mode that the agent has now, were it to break off."""
        if self._write is not None:
            self._write(ModeChanged(self._agent.policy.mode))

    async def _run(self, job: Job, record: Sequence[Event], emit: Callable[[Event], None]) -> RunFinished:
        started = time.perf_counter()
        model = await self._agent.load()
        emit(ModelLoaded(model.name, time.perf_counter() - started, dict(getattr(model, "build", {}))))
        if self._recorded:
            # Into a new dialogue: where that fails, nothing has changed, and the next task fails alike.
            dialogue = self._dialogue.anew()
            await _take_up(dialogue, model, self._recorded, job.number, self.id, emit)
            self._dialogue, self._recorded = dialogue, []
        tape = Tape(record, imported=job.imported)
        emit = Echo(emit, record, tape) if record else emit
        recorded = RecordedModel(model, tape, emit)
        return await self._dialogue.play(Execution(job, recorded, tape, emit, self.id, self._steering, self.delegate))

    async def delegate(
        self,
        task: str,
        *,
        tools: Collection[str] | None = None,
        max_steps: int | None = None,
        timeout_s: float | None = None,
        id: str = "",
    ) -> RunResult:
        """Has a task done in a session of its own, whose events nest in those of this session's task.

        It begins with the same system prompt, so that the KV cache is shared, and ends with the task that it serves.

        Args:
            tools: names of those that it may use; None for all.
            max_steps, timeout_s: its budget.
            id: of the session; one of that name goes on where it broke off.

        Raises:
            UsageError: there is no tool of such a name.
        """
        agent = self._agent
        off = [] if tools is None else set(agent.toolbox) - {agent.toolbox[name].name for name in tools}
        child = session_of(agent, id, task, self)
        run = child.last
        if run is None:
            events = child.stream(task, without=off, max_steps=max_steps, timeout_s=timeout_s)
        elif run.is_unfinished:
            events = child.stream_resumed()
        else:
            if _has_tainted(run):
                self._dialogue.taint()
            events = _recorded(run)
        return await _result(child, self._nested(events, child), None, run.events if run else ())

    async def _nested(self, events: AsyncGenerator[Event, None], child: "Session") -> AsyncGenerator[Event, None]:
        async with aclosing(events):
            async for event in events:
                if self._tell:
                    self._tell(Delegated(child.id, event))
                yield event


def session_of(agent: "Agent", id: str, title: str, parent: Session | None = None) -> Session:
    """The session of this id: taken from the journal, or a new one where it holds none.

    Raises:
        UsageError: the one that it holds cannot go on, or the agent lacks a tool of it.
    """
    try:
        if id:
            agent.open_journal().last_number(id)
    except UsageError:
        return Session(agent, title, id=id, parent=parent)
    return Session(agent, title, recorded=id, parent=parent)


def _has_tainted(run: Run) -> bool:
    """Whether a task has read text of strangers, or a guard has found some in it."""
    read = any(isinstance(event, CallFinished) and event.result.untrusted for event in run.events)
    return read or Tape(run.events, closed=True).tainted


async def _take_up(
    dialogue: Dialogue, model: Model, past: Sequence[Run], number: int, session_id: str, emit: Callable[[Event], None]
) -> None:
    """Brings a dialogue to where the tasks have left it that were begun before event `number`.

    Raises:
        Diverged: AgentX, the model, the tools or the settings are not those that they were recorded with.
    """
    if notice := told(past[-1]):
        emit(Notice(notice))
    for run in past:
        if run.number < number:
            for name in await dialogue.play_back(model, run, session_id):
                emit(Notice(f"The task before broke off in a call of {name}, which may have been carried out: look."))


async def _recorded(run: Run) -> AsyncGenerator[Event, None]:
    """What a task that has ended ended with."""
    for event in run.events:
        if isinstance(event, Answered):
            yield event
    if run.finished:
        yield run.finished


async def _result(
    session: Session, events: AsyncGenerator[Event, None], output: type[Any] | None, before: Sequence[Event] = ()
) -> RunResult:
    calls: dict[str, ToolCall] = {event.call.id: event.call for event in before if isinstance(event, CallStarted)}
    final: RunFinished | None = None
    answered: Answered | None = None
    async with aclosing(events):
        async for event in events:
            if isinstance(event, CallStarted):
                calls[event.call.id] = event.call
            elif isinstance(event, Answered):
                answered = event
            elif isinstance(event, RunFinished):
                final = event
    assert final is not None
    return _as_result(final, answered or Answered(""), list(calls.values()), output, session.id)


def _as_result(
    final: RunFinished, answered: Answered, calls: list[ToolCall], output: type[Any] | None, session_id: str
) -> RunResult:
    status, value, error, cause = final.status, final.output, final.error, final.cause
    if output is not None and status == "ok":
        import pydantic

        try:
            value = pydantic.TypeAdapter(output).validate_json(value)
        except pydantic.ValidationError as refusal:  # what no schema can say, as of a validator
            place, why = refusal.errors()[0]["loc"], refusal.errors()[0]["msg"]
            named = f"{'.'.join(map(str, place))}: {why}" if place else why
            error = f"The answer does not fit the type that was asked for: {named}."
            status, value, cause = "failed", None, "model"
    return RunResult(
        status, value, error, final.steps, calls, final.usage, session_id,
        tuple(answered.citations), tuple(answered.unverified), cause,
    )  # fmt: skip


def _schema_of(output: type[Any]) -> dict[str, Any]:
    import pydantic

    from agentx.schema import without_titles

    return without_titles(pydantic.TypeAdapter(output).json_schema())
