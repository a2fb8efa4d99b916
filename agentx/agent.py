"""Agent: model, tools and rules put together, and the ways to run a task."""

import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agentx.errors import UsageError
from agentx.events import Event, EventLog, Notice
from agentx.messages import Proposal, RunResult, ToolCall
from agentx.model import GREEDY, Model, Sampling
from agentx.policy import Approver, Asker, Policy
from agentx.tool import Tool
from agentx.toolbox import Toolbox

if TYPE_CHECKING:
    from agentx.doubt import Settler
    from agentx.guarding.checking import Guards
    from agentx.planner.base import Turn
    from agentx.planner.retrieval import Retrieval
    from agentx.session import Session

T = TypeVar("T")


def default_strategy(toolbox: Toolbox) -> str:
    """What `auto` means: programs where a tool runs them, since small models write them best, else calls."""
    return "code" if any(tool.language == "python" for tool in toolbox.values()) else "react"


class Agent:
    """Runs tasks with a local model and tools. Cheap to make: the model is loaded at the first run, once a process.

    Args:
        model: a catalogue name, a GGUF path, `hf://owner/repo/file`, `backend:argument`, or a Model; None for the
            default model.
        tools: Tools, or functions to make tools of.
        instructions: text added to the system prompt.
        principles: what every answer must keep to, a sentence each: one that does not is criticised, written again and,
            if that does not help, refused. Until it is found to keep them, no piece of an answer is shown.
        strategy: name of a strategy; `auto` leaves it to AgentX.
        dialect: name of a dialect; None for the one that suits the model.
        workspace: folder that tools work in; None for the current one.
        approve: asked about calls that need an approval; without it such a call ends the run with status "denied".
        ask: puts the questions of tools to a person; without it tools that need one are left out.
        settle: asked about a call of a run that goes on of which nothing tells whether it was carried out; without it
            such a call ends the run with status "in_doubt".
        allow: patterns of calls approved in advance (see `agentx.policy.Pattern`).
        deny: patterns of calls that are never carried out; they go before `allow`.
        mode: what happens to other calls that need an approval (see `agentx.policy.Mode`).
        few_shot: so many past tasks that went well are shown with a new one like them (see `agentx.successes`).
        max_steps: most replies of the model a task.
        timeout_s: most seconds a task; the loading of the model and the time of a person who is asked are left out.
        journal: where sessions are kept; None for the user's own.
        threads: CPU threads of the decoder; None for what the machine has.
        context_tokens: size of the model's context.
        adapter: a LoRA adapter, as a GGUF file, that the model runs under; agents without it share the loaded model.
            "none" is none too, and the journal keeps that it was said.
        tool_settings: for each tool name, what its ToolContext gets as settings.
        guard: the table `[guard]` of the settings (see `agentx.guarding.actions`), or Guards made by hand: which guards
            look at the task, at what calls bring and at the answer, and what is done about their findings.
        progress: a ProgressSink that is told of downloads.

    Raises:
        UsageError: two tools of one name, a pattern that cannot be read, an unknown mode, or an empty principle.
        ConfigError, PluginError: a guard cannot be had, or what is set for it is off.
        SchemaError: a tool whose schema cannot be described.
    """

    def __init__(
        self,
        model: str | Model | None = None,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        *,
        instructions: str | None = None,
        principles: Iterable[str] = (),
        strategy: str = "auto",
        dialect: str | None = None,
        workspace: Path | str | None = None,
        approve: Approver | None = None,
        ask: Asker | None = None,
        settle: "Settler | None" = None,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        mode: str = "ask",
        few_shot: int = 0,
        max_steps: int = 20,
        timeout_s: float | None = None,
        sampling: Sampling = GREEDY,
        journal: EventLog | None = None,
        threads: int | None = None,
        context_tokens: int | None = None,
        adapter: Path | str | None = None,
        tool_settings: Mapping[str, Mapping[str, Any]] | None = None,
        guard: "Mapping[str, Any] | Guards | None" = None,
        progress: Any = None,
    ) -> None:
        self.tool_settings = {name: dict(table) for name, table in (tool_settings or {}).items()}
        self.toolbox = Toolbox(tools).with_settings(self.tool_settings).attended(ask is not None)
        self.workspace = Path(workspace or ".").expanduser().absolute()
        self.instructions = instructions
        self.principles = _sentences(principles)
        self.strategy = default_strategy(self.toolbox) if strategy == "auto" else strategy
        self.few_shot = few_shot
        self.max_steps = max_steps
        self.timeout_s = timeout_s
        self.sampling = sampling
        self.policy = Policy(allow, deny, mode)
        self.approve = approve
        self.ask = ask
        self.settle = settle
        self.guards = _guards(guard)
        self._spec = model
        self._dialect = dialect
        self._journal = journal
        self._model: Model | None = None
        self.retrieval: Retrieval | None = None
        self._progress = progress
        self._loading = {"threads": threads, "context_tokens": context_tokens, "adapter": _absolute(adapter)}
        self._open = _once(lambda: _open(model, self._loading, progress))

    @property
    def model_name(self) -> str:
        """What was asked for, or else the name of the default model; it need not be loaded yet."""
        return _name_of(self._spec)

    async def run(self, task: str, *, output: type[T] | None = None) -> RunResult:
        """Runs a task to its end.

        Args:
            output: a type that the answer must be of: decoded under its schema, returned as an instance.

        Raises:
            ModelError, StorageError: before the loop begins; whatever happens in it is told by the result's status.
        """
        return await self.session().run(task, output=output)

    def run_sync(self, task: str, *, output: type[T] | None = None) -> RunResult:
        """`run` without async code; works under a running event loop too."""
        return _run_sync(self.run(task, output=output))

    def stream(self, task: str, *, output: type[Any] | None = None) -> AsyncGenerator[Event, None]:
        """Runs a task and yields every event, from RunStarted to RunFinished."""
        return self.session().stream(task, output=output)

    def session(self, title: str = "") -> "Session":
        """A conversation: its tasks share one growing prompt and one journal entry."""
        from agentx.session import Session

        return Session(self, title)

    def resume(self, session_id: str) -> "Session":
        """A session that the journal holds, for its next task or, by its `resume()`, the one that broke off.

        Raises:
            UsageError: there is no such session, or this agent lacks a tool of it.
        """
        from agentx.session import Session

        return Session(self, recorded=session_id)

    async def propose(self, task: str, *, strategy: str = "direct") -> Proposal:
        """The next calls, or an answer, without carrying anything out."""
        from agentx.dialogue import strategy_named
        from agentx.planner.evidence import wanted
        from agentx.planner.survey import surveys
        from agentx.tape import Tape

        model = await self.load()
        plan = strategy_named(strategy)
        turn = self.turn(model, task, lambda event: None, Tape().calls.with_id)
        turn.surveys = await surveys(self, task, turn.emit)
        if self.retrieval:
            await self.retrieval.for_task(turn, [])
        turn.prompt += plan.opening(turn, follow_up=False)
        turn.was_shown()
        action = await plan.decide(turn)
        calls, usage = await wanted(turn, plan, action)
        if action.calls and not calls:
            turn.must_answer = True
            action = await plan.decide(turn)
            usage += action.usage
        return Proposal([_coerced(call, self.toolbox) for call in calls], action.answer, usage)

    async def load(self) -> Model:
        """The model, loaded at the first call."""
        from agentx.planner.retrieval import Retrieval
        from agentx.threads import in_thread

        if self._model is None:
            model = await in_thread(self._open, name="agentx-load")
            self._check(model)
            dialect = self.dialect_of(model)
            self.retrieval = await Retrieval.where_needed(self.toolbox, model, dialect, self._progress)
            self._model = model
        return self._model

    def use(self, model: Model) -> None:
        """Takes this model, which is loaded, for the one that was asked for by its name."""
        self._open = lambda: model

    def _check(self, model: Model) -> None:
        """What a grammar cannot hold is said before the run, by the tool's name."""
        from agentx.errors import SchemaError
        from agentx.model import Constraint

        dialect = self.dialect_of(model)
        for tool in self.toolbox.values():
            try:
                model.check(Constraint(f"start: calls\n{dialect.grammar([tool])}"))
            except SchemaError as error:
                raise SchemaError(f"Tool `{tool.name}`: {error}") from None

    def dialect_of(self, model: Model) -> Any:
        from agentx import plugins

        return plugins.load("agentx.dialects", self._dialect or model.dialect)()

    def settings(self) -> dict[str, Any]:
        """What shapes the runs of this agent beside model, strategy, tools and workspace, as JSON."""
        from dataclasses import asdict

        return {
            "instructions": self.instructions,
            "principles": list(self.principles),
            "dialect": self._dialect,
            "sampling": asdict(self.sampling),
            "few_shot": self.few_shot,
            "max_steps": self.max_steps,
            "timeout_s": self.timeout_s,
            **self._loading,
            "guards": [guard.name for guard in self.guards.guards] if self.guards else [],
            **self.policy.patterns(),
        }

    def turn(
        self,
        model: Model,
        task: str,
        emit: Callable[[Event], None],
        new_call: Callable[[str, dict[str, Any]], ToolCall],
    ) -> "Turn":
        """What a strategy sees of a task that is to be run.

        Raises:
            UsageError: the task is empty.
        """
        from agentx.planner.base import Turn
        from agentx.planner.calibration import stored

        if not task.strip():
            raise UsageError("The task is empty; say what is to be done.")
        thresholds = stored.known(model.identity, model.name)
        if thresholds.problem:
            emit(Notice(thresholds.problem))
        return Turn(
            model=model,
            dialect=self.dialect_of(model),
            toolbox=self.toolbox,
            task=task,
            sampling=self.sampling,
            emit=emit,
            new_call=new_call,
            instructions=self.instructions,
            thresholds=thresholds.values,
            principles=self.principles,
        )

    def open_journal(self) -> EventLog:
        if self._journal is None:
            from agentx.journal import Journal

            self._journal = Journal.default()
        return self._journal


def _coerced(call: ToolCall, toolbox: Toolbox) -> ToolCall:
    """Arguments as JSON values after the schema's coercion (`3` for a float is `3.0`)."""
    from agentx.schema import coerced

    return ToolCall(call.id, call.name, coerced(call.arguments, toolbox[call.name].parameters))


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """A function that makes one value, whichever threads call it; what it raises is raised anew each time."""
    lock, made = threading.Lock(), list[T]()

    def get() -> T:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


def _name_of(spec: str | Model | None) -> str:
    from agentx.models.catalog import named

    return named(spec) if spec is None or isinstance(spec, str) else spec.name


def _absolute(adapter: Path | str | None) -> str | None:
    if not adapter:
        return None
    from agentx.models.default_adapters import NONE

    return NONE if adapter == NONE else str(Path(adapter).expanduser().absolute())


def _open(spec: str | Model | None, options: dict[str, Any], progress: Any) -> Model:
    if spec is None or isinstance(spec, str):
        from agentx.models import open_model

        return open_model(spec, **options, progress=progress)
    from agentx.models.default_adapters import NONE

    if options["adapter"] in (None, NONE):
        return spec
    from agentx.models.adapters import under

    return under(spec, options["adapter"])


def _guards(given: "Mapping[str, Any] | Guards | None") -> "Guards | None":
    """The guards; None where none is on, so that nothing of them is imported."""
    if given is None or (isinstance(given, Mapping) and not given.get("on")):
        return None
    from agentx.guarding.checking import Guards

    return Guards.of(given) if isinstance(given, Mapping) else given


def _sentences(principles: Iterable[str]) -> tuple[str, ...]:
    if isinstance(principles, str):
        raise UsageError("`principles` is a list of sentences; put the one in brackets.")
    found = tuple(principles)
    if not all(principle.strip() for principle in found):
        raise UsageError("A principle is empty; say in a sentence what an answer must keep to, or leave it out.")
    return found


def _run_sync(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body, name="agentx-run-sync")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
