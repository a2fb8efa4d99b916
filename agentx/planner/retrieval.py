"""Many tools: which of them a prompt shows.

Where the signatures of all tools fit, the system prompt shows them all and nothing is retrieved. Where they do not, a
task is shown with the tools nearest to it, and after a step some are added that its thought, its problem or its
results call for. A tool that was shown stays: the prompt only grows, and the grammar allows what it shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentx import plugins
from agentx.dialects.base import Dialect
from agentx.embedding import Embedder
from agentx.errors import AgentXError
from agentx.events import Notice
from agentx.messages import ToolCall, ToolResult
from agentx.model import Fragment, Model
from agentx.planner.base import Action, Turn
from agentx.planner.tool_index import ToolIndex
from agentx.threads import in_thread
from agentx.tool import Tool

if TYPE_CHECKING:
    from agentx.models.progress import ProgressSink

SHARE = 4
"""Tools fit as long as they take one part in so many of the context; the rest is for examples, results and answer. What
fits is the same in each run and read once, what is retrieved is read anew with each task."""

PER_TASK = 8
PER_STEP = 3
"""Tools shown with a task, and looked at after a step, at most."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The tools of an agent that has more of them than a prompt can show.

    Attributes:
        sizes: for each tool's name, the tokens of its text in a prompt.
        room: tokens that a prompt has for tools.
        notice: why tools are found by their words alone.
    """

    index: ToolIndex
    sizes: Mapping[str, int]
    room: int
    notice: str | None = None

    @classmethod
    async def where_needed(
        cls, tools: Mapping[str, Tool], model: Model, dialect: Dialect, progress: "ProgressSink | None" = None
    ) -> "Retrieval | None":
        """None where a prompt can show all tools; else with the embedder that is installed, fetched if it has to be."""
        if len(tools) <= PER_TASK:
            return None
        room = model.context_tokens // SHARE
        sizes = {name: await model.count([Fragment(dialect.show_tools([tool], tools))]) for name, tool in tools.items()}
        if sum(sizes.values()) <= room:
            return None
        embedder, notice = await in_thread(lambda: _embedder(progress))
        index = await in_thread(lambda: ToolIndex(list(tools.values()), embedder))
        return cls(index, sizes, room, notice)

    async def for_task(self, turn: Turn, shown: list[str]) -> None:
        """Has the turn show the tools nearest to its task.

        Args:
            shown: names of the tools that the conversation shows already; grows.
        """
        if self.notice and not shown:
            turn.emit(Notice(self.notice))
        turn.shown = shown
        ranked = await in_thread(lambda: self.index.rank(turn.task))
        self._show(turn, ranked[:PER_TASK])

    async def for_step(self, turn: Turn, action: Action, results: Sequence[tuple[ToolCall, ToolResult]]) -> None:
        """Has the turn show the tools that a step calls for too."""
        await self.for_words(turn, [action.thought, action.problem or "", *(result.text for _, result in results)])

    async def for_words(self, turn: Turn, texts: Sequence[str]) -> None:
        """Has the turn show the tools nearest to these texts too."""
        near = await in_thread(lambda: self.index.near(texts))
        self._show(turn, near[:PER_STEP])

    def _show(self, turn: Turn, names: Iterable[str]) -> None:
        for name in names:
            others = turn.offered
            taken = sum(self.sizes[other] for other in others)
            if name not in others and (not others or taken + self.sizes[name] <= self.room):
                turn.fresh.append(name)


def _embedder(progress: "ProgressSink | None") -> tuple[Embedder | None, str | None]:
    """The first embedder that is registered, loaded; or None and, where it cannot be had, why."""
    names = plugins.names("agentx.embedders")
    if not names:
        return None, None
    try:
        embedder: Embedder = plugins.load("agentx.embedders", names[0])()
        embedder.load(progress)
    except AgentXError as error:
        return None, f"Tools are found by their words alone: {error}"
    return embedder, None
