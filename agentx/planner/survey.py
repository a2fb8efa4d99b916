"""What tools can show at the beginning of a task, before the model decides anything."""

from collections.abc import Callable, Mapping
from typing import Any

from agentx.tool import Tool, ToolContext


def surveys(
    tools: Mapping[str, Tool], context: Callable[[Tool], ToolContext], allowed: Callable[[Tool, dict[str, Any]], bool]
) -> dict[str, dict[str, Any]]:
    """For each tool that has something on the task: the arguments of the call that shows it.

    A call that needs an approval is left to the model, which may not want it; but a tool that runs programs is asked
    for in any case.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, tool in tools.items():
        arguments = tool.survey(context(tool)) if tool.survey else None
        if arguments is not None and (tool.language or allowed(tool, dict(arguments))):
            found[name] = dict(arguments)
    return found
