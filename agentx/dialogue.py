"""What a session knows from task to task, and one task of it put to the loop or played back from its record."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from agentx.conversation import Conversation, Exchange
from agentx.deadline import Deadline, heard_out
from agentx.errors import EndsRun, GuardFailed
from agentx.events import CallFinished, Event, RunFinished, Surveyed
from agentx.execution import Execution, Job
from agentx.history import Run
from agentx.imported import is_imported
from agentx.messages import Usage
from agentx.model import Fragment, Model
from agentx.policy import UNANSWERED
from agentx.provenance import Provenance
from agentx.recorded_model import Again, RecordedModel, Watch
from agentx.steering import heard, task_of, with_words
from agentx.tape import Diverged, Tape

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.calls import Surroundings
    from agentx.guarding.desk import Desk
    from agentx.planner.base import Strategy, Turn
    from agentx.planner.claims.source import Source

PIPED = "\n\n<input>\n"
"""Between a task and what was piped in with it, which the user has not said."""

_OF_A_RESULT = 300
"""Characters of the result of a call of another model's task that broke off."""


class Dialogue:
    """The state of one session: the growing prompt, what was said and seen, and what was granted.

    Args:
        parent: of a session that works for another's task: what is granted there holds here, what is read here taints
            both, and its tasks are not the user's own words.
        imported: a file has brought some of it, with the instructions (see `agentx.imported`).
    """

    def __init__(self, agent: "Agent", parent: "Dialogue | None" = None, *, imported: bool = False) -> None:
        self._agent = agent
        self._parent = parent
        self._imported = imported
        self._prompt: list[Fragment] = []
        self._conversation = Conversation()
        self._past: list[Source] = []
        self._shown: list[str] = []
        self._ended: dict[str, list[str]] = {}
        self._speaks_for_user = parent is None
        # What a person grants holds for this conversation.
        self._policy = parent._policy if parent else agent.policy.for_session()
        self._provenance = parent._provenance if parent else Provenance()
        if imported:
            self._provenance.distrust()
        elif parent is None:
            self._provenance.said(agent.instructions or "")

    def anew(self) -> "Dialogue":
        """One of the same session in which nothing has happened yet."""
        return Dialogue(self._agent, self._parent, imported=self._imported)

    def taint(self) -> None:
        """Says that text of strangers is being read."""
        self._provenance.taint()

    async def play(self, execution: Execution) -> RunFinished:
        """Puts a task to the loop: what the tape holds of it is played back, the rest is new."""
        final = await self._begin(execution)
        job = execution.job
        task = with_words(execution.tape.passed_on(job.task), execution.steering.shown)
        self._conversation.exchanges.append(Exchange(task, str(final.output or final.error), job.number))
        return final

    async def play_back(
        self,
        model: Model,
        run: Run,
        session_id: str,
        emit: Callable[[Event], None] = lambda event: None,
        again: Again | None = None,
        watch: Watch | None = None,
    ) -> list[str]:
        """Brings the conversation to where it was after a task of its past.

        One that another model had is not played: its answer and what was seen in it are taken over.

        Args:
            emit: gets what the loop emits on the way.
            again, watch: see `RecordedModel`.

        Returns:
            The calls of a task that broke off of which nothing tells whether they were carried out.

        Raises:
            Diverged: AgentX, the model, the tools or the settings are not those that it was recorded with.
        """
        if not self.plays(run):
            return self._recall(model, run)
        tape = Tape(run.events, closed=True, imported=is_imported(run))
        if not tape.was_passed_on:
            return []  # it ended before it came to the model, and stands in no prompt
        recorded = RecordedModel(model, tape, emit, again, watch)
        try:
            final = await self._begin(Execution(Job.of(run), recorded, tape, emit, session_id))
        except Diverged:
            raise _other_than_recorded(session_id) from None
        if run.finished and run.finished.status == "ok" != final.status:
            raise _other_than_recorded(session_id)
        return self._over(_as_passed_on(run, tape), tape)

    def plays(self, run: Run) -> bool:
        """Whether a task of the past was this agent's model's: only then can its replies be played back."""
        from agentx.models.catalog import named

        return named(run.started.model) == self._agent.model_name

    def _recall(self, model: Model, run: Run) -> list[str]:
        """As `play_back`, of a task that another model had: what was said, seen and granted in it counts on.

        The prompt begins anew, since the other model's words and tokens are not this one's.
        """
        from agentx.planner.showing import one_line

        tape = Tape(run.events, closed=True, imported=is_imported(run))
        if self._agent.guards and not tape.was_passed_on:
            return []  # no guard has looked at it, and nothing came of it
        run = _as_passed_on(run, tape)
        if tape.tainted:
            self.taint()
        turn = self._agent.turn(model, task_of(run), lambda event: None, tape.calls.with_id)
        for event in run.events:
            if isinstance(event, CallFinished) and (intent := tape.calls.intent(event.result.call_id)):
                if "." not in intent.call.id:  # not those that a program made
                    turn.done.append((intent.call, event.result))
                if event.result.status != "cancelled":
                    self._ended.setdefault(intent.call.name, []).append(intent.call.id)
                if tool := self._agent.toolbox.get(intent.call.name):
                    self._provenance.take(tool, intent.call, event.result)
        turn.past = self._past
        self._past = turn.seen
        self._prompt = []
        self._hear(run.started.task, tape)
        for text in () if tape.imported else heard(run):
            self._provenance.said(text)
        if run.is_unfinished:
            # Its steps leave the prompt, but what they did stays done.
            did = "; ".join(f"{call} gave: {one_line(result.text, _OF_A_RESULT)}" for call, result in turn.done)
            answer = f"The task broke off. Done until then: {did or 'nothing'}"
            self._conversation.exchanges.append(Exchange(task_of(run), answer, run.number))
            return [call.name for call in tape.calls.broken_off]
        return self._over(run, tape)

    def _over(self, run: Run, tape: Tape) -> list[str]:
        # One that ended before it came to the model was never told of.
        if run.finished and run.finished.status != "interrupted" and tape.was_passed_on:
            answer = str(run.finished.output or run.finished.error)
            self._conversation.exchanges.append(Exchange(task_of(run), answer, run.number))
        return [call.name for call in tape.calls.broken_off] if run.is_unfinished else []

    async def _begin(self, execution: Execution) -> RunFinished:
        """Puts a task to the loop as the guards pass it on, unless they keep it back."""
        desk = self._desk(execution)
        try:
            passed = execution.with_task(await self._looked_at(desk, execution.job)) if desk else execution
        except EndsRun as error:
            return RunFinished(error.status, None, str(error), 0, Usage())
        return await self._loop(passed, desk)

    async def _looked_at(self, desk: "Desk", job: Job) -> str:
        """The task as the guards pass it on, for which they have as long as the whole task may take."""
        limit_s = job.timeout_s or self._agent.timeout_s
        deadline = Deadline(limit_s)
        asking = replace(desk, approve=desk.approve and deadline.still_during(heard_out(desk.approve, UNANSWERED)))
        try:
            async with deadline:
                return await asking.task(job.task)
        except TimeoutError:
            if not deadline.expired:
                raise
            raise GuardFailed(
                f"The guards have not looked at the task within the time limit of {limit_s:g} seconds; raise --timeout."
            ) from None

    def _desk(self, execution: Execution) -> "Desk | None":
        guards, tape = self._agent.guards, execution.tape
        if guards is None and not tape.guarded:
            return None
        from agentx.guarding.desk import Desk

        return Desk(guards, tape, execution.emit, self.taint, None if tape.closed else self._agent.approve)

    async def _loop(self, execution: Execution, desk: "Desk | None") -> RunFinished:
        from agentx.context import Room
        from agentx.loop import Limits, Loop

        agent, job = self._agent, execution.job
        turn = agent.turn(execution.model, job.task, execution.emit, execution.tape.calls.with_id)
        turn.without = job.without
        plan = strategy_named(agent.strategy)
        await self._look_ahead(turn, plan, execution)
        if agent.retrieval:
            await agent.retrieval.for_task(turn, self._shown)
        if job.schema is not None:
            turn.answer_schema = job.schema
            turn.task += f"\n\nThe final answer is JSON of this schema: {job.schema}"
        turn.conversation = tuple((item.task, item.answer) for item in self._conversation.exchanges)
        room = Room(turn, plan, self._conversation, lambda: self._provenance.has_read)
        room.recall(anew=not self._prompt)
        turn.prompt = self._prompt
        turn.prompt += plan.opening(turn, follow_up=bool(self._prompt))
        turn.was_shown()
        self._hear(job.task, execution.tape)
        around = self._surroundings(execution, desk)
        turn.past = self._past
        limits = Limits(job.max_steps or agent.max_steps, job.timeout_s or agent.timeout_s)
        try:
            return await Loop(turn, plan, limits, around, room).run()
        finally:
            self._past = turn.seen

    def _surroundings(self, execution: Execution, desk: "Desk | None") -> "Surroundings":
        from agentx.calls import Surroundings

        agent = self._agent
        return Surroundings(
            session_id=execution.session_id,
            workspace=agent.workspace,
            policy=self._policy,
            provenance=self._provenance,
            approve=agent.approve,
            tool_settings=agent.tool_settings,
            tape=execution.tape,
            steering=execution.steering,
            retrieval=agent.retrieval,
            ask=agent.ask,
            settle=agent.settle,
            delegate=execution.delegate,
            desk=desk,
            states=getattr(agent.open_journal(), "states", None),
            ended=self._ended,
        )

    async def _look_ahead(self, turn: "Turn", plan: "Strategy", execution: Execution) -> None:
        """What is known before the model decides anything: past tasks like this one, and what tools have on it."""
        from agentx.planner.survey import surveys

        agent, job, tape = self._agent, execution.job, execution.tape
        begun, examples = tape.closed or tape.surveys is not None, tape.examples
        if agent.few_shot and self._speaks_for_user and not begun and examples is None:
            from agentx.planner import past

            journal, settings = agent.open_journal(), agent.tool_settings
            examples = await past.choose(turn, plan, journal, agent.workspace, settings, agent.few_shot, agent.guards)
        if examples:
            turn.emit(examples)
            turn.examples = examples.text
            # The calls of an earlier task may hold what its files held.
            self._provenance.privacy.add_private(examples.text)
        known = tape.surveys if tape.surveys is not None else await surveys(agent, job.task, turn.emit)
        turn.emit(Surveyed(known))
        turn.surveys = {name: arguments for name, arguments in known.items() if name not in job.without}

    def _hear(self, task: str, tape: Tape) -> None:
        words, _, piped = task.partition(PIPED)
        if self._speaks_for_user and not tape.imported:
            self._provenance.said(words)
        self._provenance.privacy.add_private(piped)
        for pattern in tape.grants:
            self._policy.grant(pattern)


def _as_passed_on(run: Run, tape: Tape) -> Run:
    """A task of the past as the guards passed it on to the model."""
    return replace(run, started=replace(run.started, task=tape.passed_on(run.started.task)))


def _other_than_recorded(session_id: str) -> Diverged:
    return Diverged(
        f"Session {session_id} cannot go on: AgentX, the model, the tools or the settings are not those that it was "
        "recorded with; begin a new one."
    )


def strategy_named(name: str) -> "Strategy":
    """A new strategy of this registered name."""
    from agentx import plugins

    return plugins.load("agentx.strategies", name)()
