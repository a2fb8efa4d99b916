"""The tool that runs a command of the shell, behind the walls of `agentx_tools.sandbox`."""

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool
from agentx_tools import confined, undo


@tool(
    capabilities=["executes"],
    timeout_s=600,
    max_output_bytes=4_000,
    gains=confined.ways_out,
    confined=True,
    undo=undo.of_call,
)
async def shell(context: ToolContext, command: str) -> str:
    """Run a command of the shell in the workspace and return what it prints.

    Args:
        command: as typed at a prompt of bash; it has no network and no input.
    """
    if not command.strip():
        raise ToolError("The command is empty; write what is to be run.", argument="command")
    if "\0" in command:
        raise ToolError("The command holds a null character, which no command may; leave it out.", argument="command")
    request = {"command": command.encode("utf-8", "replace").decode()}
    ran = await confined.run(request, context)
    if ran.ended.status <= 0 or ran.ended.stopped_by:
        return ran.text()
    # Many commands answer by their exit code: grep that finds nothing has not failed.
    return f"{ran.output}\n(exit code {ran.ended.status})".lstrip()
