"""What tools can show at the beginning of a task, before the model decides anything."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentx.dispatch import as_arguments, called, one_line
from agentx.errors import AgentXError, ToolError
from agentx.events import Event, Notice
from agentx.messages import ToolCall
from agentx.tool import Tool, ToolContext

if TYPE_CHECKING:
    from agentx.agent import Agent


async def surveys(agent: "Agent", task: str, emit: Callable[[Event], None]) -> dict[str, dict[str, Any]]:
    """For each tool of the agent's that has something on the task: the arguments of the call that shows it.

    A call that needs an approval is left to the model, which may not want it; but a tool that runs programs is asked
    for in any case. A tool that breaks, or takes longer than it may, is left out and told of.

    Raises:
        AgentXError: what a tool says to the user, such as that its settings are wrong.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, tool in agent.toolbox.items():
        if tool.survey is None:
            continue
        context = ToolContext(agent.workspace, task=task, settings=agent.tool_settings.get(name, {}))
        try:
            arguments = await called(tool, tool.survey, context)
            if arguments is not None and (tool.language or _is_allowed(agent, tool, dict(arguments))):
                found[name] = as_arguments(name, dict(arguments))
        except Exception as error:
            if isinstance(error, AgentXError) and not isinstance(error, ToolError):
                raise
            emit(Notice(f"{name} could not look at the task ({one_line(error)}), which begins without that."))
    return found


def _is_allowed(agent: "Agent", tool: Tool, arguments: dict[str, Any]) -> bool:
    return agent.policy.judge(tool, ToolCall("", tool.name, arguments), agent.workspace).answer == "allow"
