"""The Protocol of a strategy: given what happened so far, which action next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentx.dialects.base import Dialect
from agentx.events import Event
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.model import Fragment, Model, Sampling
from agentx.planner.claims.source import Source, of_call
from agentx.tool import Tool
from agentx.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Action:
    """One reply of the model, parsed: calls, or the final answer, or neither where the reply was unusable.

    Attributes:
        fragments: the reply as it is appended to the prompt.
        problem: why the reply is unusable, in words that go back to the model.
    """

    fragments: list[Fragment]
    usage: Usage
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    answer: str | None = None
    problem: str | None = None


@dataclass(slots=True)
class Turn:
    """What a strategy sees of a run: the growing prompt, the calls made, and the means to decode.

    Attributes:
        prompt: fragments so far; the loop appends, a strategy only reads.
        done: calls of this task with their results, in order.
        surveys: for each tool that has something to show on the task, the arguments of the call that shows it.
        answer_schema: JSON Schema that the answer must match; None for free text.
        must_answer: True where no more calls are allowed.
        without: names of tools that are off in this task. The prompt goes on showing them, so that it never changes.
        steps: actions decided so far in this task.
        conversation: the session's earlier tasks, each with its answer.
        thresholds: for each probe's name, the probability from which this model means Yes.
        probed: for each probe's name and question that was asked in this task, the probability of Yes.
        past: what earlier tasks of the session have seen.
        principles: what the answer must keep to, a sentence each.
    """

    model: Model
    dialect: Dialect
    toolbox: Toolbox
    task: str
    sampling: Sampling
    emit: Callable[[Event], None]
    new_call: Callable[[str, dict[str, Any]], ToolCall]
    surveys: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    instructions: str | None = None
    answer_schema: dict[str, Any] | None = None
    prompt: list[Fragment] = field(default_factory=list[Fragment])
    done: list[tuple[ToolCall, ToolResult]] = field(default_factory=list[tuple[ToolCall, ToolResult]])
    must_answer: bool = False
    without: frozenset[str] = frozenset()
    steps: int = 0
    conversation: Sequence[tuple[str, str]] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    probed: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    @property
    def callable_tools(self) -> list[Tool]:
        return [tool for name, tool in self.toolbox.items() if name not in self.without]

    past: list[Source] = field(default_factory=list[Source])
    principles: tuple[str, ...] = ()

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

    def earlier(self, call: ToolCall) -> ToolResult | None:
        """What the very same call gave, if it was made since files last changed: again it can bring nothing new."""
        for made, result in reversed(self.done):
            if (made.name, made.arguments) == (call.name, call.arguments) and result.status != "refused":
                return result
            if result.changed:
                return None
        return None


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
