"""Calls in doubt: a run broke off after it had begun a call, and nothing tells whether the effect has happened.

Such a call is made again only where that does no harm: it has no effect, the tool says that twice is as good as once,
or it can be seen that nothing has happened yet. Where it can be seen that it has happened, it counts as done. Else a
person decides, and where nobody can be asked the run ends.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, TypeAlias

from agentx import changes
from agentx.dispatch import called, one_line
from agentx.errors import EndsRun
from agentx.events import CallStarted
from agentx.messages import ToolCall, ToolResult
from agentx.policy import ASKING
from agentx.threads import in_thread
from agentx.tool import Tool, ToolContext

Settlement: TypeAlias = Literal["happened", "again", "stop"]
SETTLEMENTS: tuple[Settlement, ...] = ("happened", "again", "stop")

SAID = "the user says so"

Settler: TypeAlias = Callable[[ToolCall], Awaitable[Settlement]]
"""Asks a person about a call in doubt: its effect has happened, it is to be made again, or the run is to stop here."""


class InDoubt(EndsRun):
    """Nobody can say whether a call was carried out."""

    exit_code = 75
    status = "in_doubt"

    def __init__(self, call: ToolCall, session_id: str) -> None:
        super().__init__(
            f"The run broke off in a call of {call.name}, and nothing tells whether it was carried out: look, then go "
            f"on with `agentx run --resume {session_id} --in-doubt happened`, or with `again` for `happened` to make "
            "the call once more."
        )


class SecretGone(EndsRun):
    """A run goes on and would make a call with what stands in the journal in place of a secret."""

    def __init__(self, call: ToolCall, name: str) -> None:
        super().__init__(
            f"The run cannot go on: its call of {call.name} needs a {name}, and the journal keeps no secrets; give the "
            "session the task once more, with the secret."
        )


async def settled(
    tool: Tool, intent: CallStarted, context: ToolContext, settle: Settler | None, tell: Callable[[str], None]
) -> tuple[bool, str]:
    """Whether the effect of a call has happened, and what tells so.

    Args:
        tell: is told, in words for a person, of a probe that failed.

    Raises:
        InDoubt: nothing tells, and there is nobody to ask or they want the run to stop.
    """
    if not tool.capabilities & ASKING:
        return False, "the call has no effect"
    if await _is_unchanged(tool, intent, context.workspace):
        return False, "the workspace is as it was"
    seen = await _seen(tool, intent.call, context, tell)
    if seen is not None:
        return seen, "a look shows it"
    if tool.idempotent:
        return False, "twice is as good as once"
    answer = await settle(intent.call) if settle else "stop"
    if answer == "stop":
        raise InDoubt(intent.call, context.session_id)
    return answer == "happened", SAID


async def _is_unchanged(tool: Tool, intent: CallStarted, workspace: Path) -> bool:
    """Whether the call can change nothing but files of the workspace, and these are as they were."""
    if not tool.confined or tool.capabilities & {"egress", "costs"} or not intent.workspace:
        return False
    return await in_thread(lambda: changes.fingerprint(workspace)) == intent.workspace


async def _seen(tool: Tool, call: ToolCall, context: ToolContext, tell: Callable[[str], None]) -> bool | None:
    """What the tool's probe says; None where it has none, cannot tell, fails, or takes longer than the tool may."""
    if tool.probe is None:
        return None
    try:
        found = await called(tool, tool.probe, context, call.arguments)
    except EndsRun:
        raise
    except Exception as error:
        tell(f"{tool.name} could not look whether its call was carried out ({one_line(error)}).")
        return None
    return None if found is None else bool(found)


def as_result(tool: Tool, call: ToolCall) -> ToolResult:
    """What the model is told of a call whose effect has happened, though its result is lost."""
    changed = [str(call.arguments[name]) for name in tool.paths if name in call.arguments]
    return ToolResult(call.id, "ok", "done (the run broke off then; nothing more is known of it)", changed=changed)
