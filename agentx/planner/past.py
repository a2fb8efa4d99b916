"""Few-shot by past successes: how tasks that went well are shown with a new one.

They stand before the task in the user's turn and behind all that is the same in each run, so that they cost no more
than their own tokens.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import AgentXError
from agentx.events import EventLog, ExamplesShown, Notice
from agentx.memory import open_past_tasks
from agentx.planner.base import Strategy, Turn
from agentx.planner.showing import one_line
from agentx.successes import Success, successes
from agentx.threads import in_thread

if TYPE_CHECKING:
    from agentx.guarding.checking import Guards

MOST_CHARACTERS = 1_500
"""Of an example: a longer one would cost more to read than it can be worth."""

_TASK_CHARACTERS = 300
_HEADING = "An earlier task and what was called for it; the task below is another one, with its own values:"


def shown(
    turn: Turn, strategy: Strategy, found: Iterable[Success], count: int, guards: "Guards | None" = None
) -> tuple[str, list[str]]:
    """The first examples that are short enough, as text for before the task, and the ids of their sessions.

    No two are alike: of tasks that were done by the same calls the first is taken. None is taken in which guards find
    something: it may have been done before they were on.

    Raises:
        AgentXError: a guard cannot do its work, or the examples cannot be read.
    """
    texts: dict[str, str] = {}
    for success in found:
        calls = strategy.example(turn, success.task, success.calls)
        text = f"{_HEADING}\nTask: {one_line(success.task, _TASK_CHARACTERS)}\n{calls}\n\n"
        fits = calls and len(text) <= MOST_CHARACTERS and text not in texts
        # What the user said, and what a call may have got from a result.
        if fits and not (guards and (guards.look(text, "input") or guards.look(text, "tool_result"))):
            texts[text] = success.session
        if len(texts) == count:
            break
    return "".join(texts), list(texts.values())


async def choose(
    turn: Turn,
    strategy: Strategy,
    journal: EventLog,
    workspace: Path,
    tool_settings: Mapping[str, Mapping[str, Any]],
    count: int,
    guards: "Guards | None" = None,
) -> ExamplesShown | None:
    """Up to `count` past tasks of the workspace that are like the turn's; None where there are none, or they cannot be
    had, of which it tells."""

    def found() -> tuple[str, list[str]]:
        past_tasks = open_past_tasks(tool_settings)
        if past_tasks is None:
            return "", []
        tools = {tool.name: tool for tool in turn.allowed_tools}
        alike = successes(journal, past_tasks, turn.task, strategy.name, tools, workspace)
        return shown(turn, strategy, alike, count, guards)

    try:
        text, sessions = await in_thread(found, name="agentx-examples")
    except AgentXError as error:
        turn.emit(Notice(f"No past tasks are shown as examples: {error}"))
        return None
    return ExamplesShown(text, sessions) if text else None
