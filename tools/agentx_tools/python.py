"""The tool that runs a Python program, behind the walls of `agentx_tools.sandbox`."""

import re

from agentx.errors import ToolError
from agentx.tool import ToolContext, tool
from agentx_tools import _look, confined, functions, interpreted, undo
from agentx_tools.sandbox.limits import Limits


@tool(
    capabilities=["executes"],
    timeout_s=600,
    max_output_bytes=4_000,
    language="python",
    survey=lambda context: {"code": "look()"} if _look.has_files(context.workspace) else None,
    gains=confined.ways_out,
    confined=True,
    undo=undo.of_call,
)
async def python(context: ToolContext, code: str) -> str:
    """Run a Python program in the workspace and return what it prints; the next one has the variables that it sets.

    Args:
        code: the program; the value of a last expression is printed.
    """
    return await run_program(code, context)


async def run_program(code: str, context: ToolContext, limits: Limits | None = None) -> str:
    """What the program printed; it has the run's other tools as functions.

    Raises:
        ToolError: the program failed (what it printed and an `error:` block), or could not be started.
    """
    source = cleaned(code)
    request = {"source": source, "functions": functions.described(context), "task": context.task}
    try:
        ran = await confined.run(request, context, limits)
    except confined.Unconfined:
        if not interpreted.is_installed():
            raise
        limits = limits or confined.Settings.of(context).limits
        ran = confined.Ran(await interpreted.run(source, limits), limits)
    return ran.text()


def cleaned(code: str) -> str:
    """The program without the Markdown fence or the indentation that models like to put around it.

    Raises:
        ToolError: it is no text.
    """
    if fenced := re.fullmatch(r"\s*```\w*\n(.*?)\n?```\s*", code, re.DOTALL):
        code = fenced[1]
    try:
        code.encode()
    except UnicodeEncodeError:
        raise ToolError("The program holds half of a surrogate pair, which is no text; leave it out.") from None
    return _dedented(code)


def _dedented(code: str) -> str:
    """The program without the indentation of its first statement; lines that lack it, as text may, stay as they are."""
    first = re.match(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*([ \t]+)[^\s#]", code)
    return re.sub(f"^{first[1]}", "", code, flags=re.MULTILINE) if first else code
