"""How a prompt shows tools and results.

Tools stand all in the system prompt; or, where they are many, some with a task and behind a step.
"""

from collections.abc import Collection, Iterable, Sequence

from agentx.dialects.base import Dialect
from agentx.messages import ToolCall, ToolResult
from agentx.planner import spotlight
from agentx.planner.base import Turn

HELPFUL = "You are a helpful assistant."
"""The system prompt of an agent without tools and instructions."""

LISTED_WITH_TASK = "(those that may help are listed with each task)"


def system_tools(turn: Turn, dialect: Dialect, among: Collection[str]) -> str:
    """For the system prompt, which is the same in each run: all of these tools, or word of where they will stand."""
    if turn.shown is not None:
        return LISTED_WITH_TASK
    return dialect.show_tools([turn.toolbox[name] for name in among], among)


def task_tools(turn: Turn, dialect: Dialect, among: Collection[str], follow_up: bool) -> str:
    """For the user's turn, before the task: the tools that were retrieved for it."""
    names = turn.fresh if follow_up or turn.shown is None else turn.offered
    return _listed(turn, dialect, among, names, "Functions that may help:")


def shown_results(turn: Turn, results: Sequence[tuple[ToolCall, ToolResult]]) -> str:
    """What came of the calls of a step, then the notes on it, each as the dialect shows a result."""
    texts = [*(spotlight.shown(result) for _, result in results), *turn.notes]
    return "\n".join(map(turn.dialect.show_result, texts))


def shown_calls(turn: Turn, calls: Iterable[ToolCall]) -> str:
    """Calls as the dialect has the model write them, a line each."""
    return "\n".join(turn.dialect.show_call(call.name, call.arguments) for call in calls)


def step_tools(turn: Turn, dialect: Dialect, among: Collection[str]) -> str:
    """For behind the results of a step: the tools that were retrieved for it."""
    return _listed(turn, dialect, among, turn.fresh, "More functions that may help:")


def _listed(turn: Turn, dialect: Dialect, among: Collection[str], names: Collection[str], heading: str) -> str:
    tools = [turn.toolbox[name] for name in names if name in among]
    return f"{heading}\n\n{dialect.show_tools(tools, among)}\n\n" if tools else ""


def one_line(text: str, characters: int) -> str:
    """The text on one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[: characters - 1]}…"
