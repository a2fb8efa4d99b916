"""The page of the tools that the agent has."""

from collections.abc import Iterable

from textual.content import Content

from agentx.policy import ASKING
from agentx.tool import Tool
from agentx_tui.printable import line


def content(tools: Iterable[Tool]) -> Content:
    """A line a tool: its name, what it does, and what of that needs an approval."""
    known = sorted(tools, key=lambda tool: tool.name)
    if not known:
        return Content.styled("The agent has no tools.", "$foreground 60%")
    width = max(len(tool.name) for tool in known)
    rows = [Content.styled("Tools", "bold $primary")]
    for tool in known:
        asks = ", ".join(sorted(tool.capabilities & ASKING))
        rows.append(
            Content.assemble(
                (f"  {line(tool.name, 60):<{width}}  ", "bold"),
                (line(tool.description, 160), "$foreground 75%"),
                (f"  {asks}" if asks else "", "$warning"),
            )
        )
    return Content("\n").join(rows)
