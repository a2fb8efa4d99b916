"""The Protocol of a strategy: given what happened so far, which action next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentx.dialects.base import Dialect
from agentx.events import Event
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import Fragment, Model, Sampling
from agentx.planner.claims.source import Source, of_call
from agentx.planner.program_names import prepares
from agentx.planner.recovery import Recovery
from agentx.tool import Tool
from agentx.toolbox import Toolbox

_CHANGING = frozenset({"writes", "keeps"})


@dataclass(frozen=True, slots=True)
class Action:
    """One reply of the model, parsed: calls, or the final answer, or neither where the reply was unusable.

    Attributes:
        fragments: the reply as it is appended to the prompt.
        problem: why the reply is unusable, in words that go back to the model; beside an answer, why a better one is
            wanted.
        thought: what the model said of its next step.
    """

    fragments: list[Fragment]
    usage: Usage
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    answer: str | None = None
    problem: str | None = None
    thought: str = ""


@dataclass(slots=True)
class Turn:
    """What a strategy sees of a run: the growing prompt, the calls made, and the means to decode.

    Attributes:
        prompt: fragments so far; the loop appends, a strategy only reads.
        done: calls of this task with their results, in order.
        surveys: for each tool that has something to show on the task, the arguments of the call that shows it.
        harmless: ids of the calls that a strategy made of surveys alone. They show and change nothing, and no model has
            written them: nobody is asked about them.
        background: what was said before and is no longer in the prompt, for before the task.
        examples: past tasks like this one and how they were done, for before the task.
        answer_schema: JSON Schema that the answer must match; None for free text.
        heard: how many calls of this task were made before the user last said something.
        must_answer: True where no more calls are allowed.
        without: names of tools that are off in this task. The prompt goes on showing them, so that it never changes.
        steps: actions decided so far in this task.
        has_news: the user has said something since the last action.
        conversation: the session's earlier tasks, each with its answer.
        thresholds: for each probe's name, the probability from which this model means Yes.
        probed: for each probe's name and question that was asked in this task, the probability of Yes.
        past: what earlier tasks of the session have seen.
        principles: what the answer must keep to, a sentence each.
        shown: names of the tools that the prompt shows, in the order in which it shows them; None where it shows all.
        fresh: those that are to be shown next: a strategy shows them with the task, or behind results.
        notes: lines for the model behind the results of a step.
        recovery: what failed in this task.
        effects: what came of the calls of tools that change something since the user last said something, be it for a
            program: none was made, all have failed, or one at least has worked.
    """

    model: Model
    dialect: Dialect
    toolbox: Toolbox
    task: str
    sampling: Sampling
    emit: Callable[[Event], None]
    new_call: Callable[[str, dict[str, Any]], ToolCall]
    surveys: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    harmless: set[str] = field(default_factory=set[str])
    instructions: str | None = None
    background: str = ""
    examples: str = ""
    answer_schema: dict[str, Any] | None = None
    prompt: list[Fragment] = field(default_factory=list[Fragment])
    done: list[tuple[ToolCall, ToolResult]] = field(default_factory=list[tuple[ToolCall, ToolResult]])
    heard: int = 0
    must_answer: bool = False
    without: frozenset[str] = frozenset()
    steps: int = 0
    has_news: bool = False
    conversation: Sequence[tuple[str, str]] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    probed: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    past: list[Source] = field(default_factory=list[Source])
    principles: tuple[str, ...] = ()
    shown: list[str] | None = None
    fresh: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    recovery: Recovery = field(default_factory=Recovery)
    effects: Literal["none", "failed", "made"] = "none"
    _grammars: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])
    _looked: int = 0
    _changed: int = 0

    @property
    def before(self) -> str:
        """What stands before the task in the user's turn."""
        return f"{self.examples}{self.background}"

    @property
    def offered(self) -> list[str]:
        """Names of the tools that the prompt shows, those included that it is to show next."""
        return list(self.toolbox) if self.shown is None else [*self.shown, *self.fresh]

    @property
    def allowed_tools(self) -> list[Tool]:
        """What may be called in this task, by a program too: all but the tools that are off."""
        return [tool for name, tool in self.toolbox.items() if name not in self.without]

    @property
    def callable_tools(self) -> list[Tool]:
        """What the model may call now: the tools that are offered, but for those that are off or masked."""
        masked = self.without | self.recovery.masked
        return [self.toolbox[name] for name in self.offered if name not in masked]

    def was_shown(self) -> None:
        """Called when the prompt has grown by what was fresh and noted."""
        if self.shown is not None:
            self.shown += self.fresh
        self.fresh.clear()
        self.notes.clear()

    def call_grammar(self) -> str:
        """The dialect's rules for a call of any of the callable tools, put together once a run."""
        tools = self.callable_tools
        names = tuple(tool.name for tool in tools)
        if names not in self._grammars:
            self._grammars[names] = self.dialect.grammar(tools, self.toolbox)
        return self._grammars[names]

    @property
    def seen(self) -> list[Source]:
        """What the results and the user have said in this session, the latest first."""
        found: list[Source] = []
        for call, result in reversed(self.done):
            tool = self.toolbox.get(call.name)
            found += of_call(call, result, acts=tool is not None and bool(tool.capabilities & {"writes", "egress"}))
        return [*found, Source(self.task), *self.past]

    @property
    def sources(self) -> list[Source]:
        """All that an answer may rest on: what was seen, the instructions, and the names of the tools."""
        tools = "\n".join(f"{tool.name}: {tool.description}" for tool in self.toolbox.values())
        return [*self.seen, Source(self.instructions or ""), Source(tools, deed=True)]

    @property
    def lately(self) -> list[tuple[ToolCall, ToolResult]]:
        """The calls since the user last said something: who is told to try again may make those before once more."""
        return self.done[self.heard :]

    @property
    def since_change(self) -> list[tuple[ToolCall, ToolResult]]:
        """Those of `lately` from the last one on after which what was seen before may look otherwise.

        What has come since it was last asked for is looked through, not all of it: it is asked for at every call.
        """
        for place in range(self._looked, len(self.done)):
            made, result = self.done[place]
            if is_change(self.toolbox.get(made.name), result):
                self._changed = place
        self._looked = len(self.done)
        return self.done[max(self.heard, self._changed) :]

    def earlier(self, call: ToolCall) -> ToolResult | None:
        """What the very same call gave, if nothing was changed since then: again it can bring nothing new.

        One that ran out of time may be made once more where twice is as good as once, and a program once another has
        set a variable that it needs.
        """
        tool, tries = self.toolbox.get(call.name), 0
        is_program = tool is not None and tool.language == "python"
        for made, result in reversed(self.since_change):
            if made.name == call.name and made.arguments == call.arguments and result.status != "refused":
                tries += 1
                if tries > 1 or result.status != "timeout" or tool is None or not tool.idempotent:
                    return result
            if is_program and made.name == call.name and _prepared(made, call):
                return None
        return None


def _prepared(made: ToolCall, call: ToolCall) -> bool:
    """Whether a program has set a variable that another needs."""
    return prepares(str(made.arguments.get("code")), str(call.arguments.get("code")))


def is_change(tool: Tool | None, result: ToolResult) -> bool:
    """Whether what was seen before a call may look otherwise after it."""
    acts = tool is not None and not tool.capabilities.isdisjoint(_CHANGING)
    return bool(result.changed) or (acts and result.ok)


class Strategy(Protocol):
    """Stateless; a new one is a new file and an entry point of the group `agentx.strategies`."""

    @property
    def name(self) -> str: ...

    def opening(self, turn: Turn, follow_up: bool) -> list[Fragment]:
        """Fragments that pose the task: the whole opening, or a further user turn of the same conversation."""
        ...

    async def decide(self, turn: Turn) -> Action:
        """Decodes the next action; emits what a person may see of it on the way."""
        ...

    def results(self, turn: Turn, results: Sequence[tuple[ToolCall, ToolResult]]) -> list[Fragment]:
        """Fragments that show the model what came of its calls."""
        ...

    def problem(self, turn: Turn, text: str) -> list[Fragment]:
        """Fragments that tell the model why its reply could not be used."""
        ...

    def example(self, turn: Turn, task: str, calls: Sequence[ToolCall]) -> str:
        """The calls of a past task as the model would write them under this strategy; "" where they show nothing."""
        ...
