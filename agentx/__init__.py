"""AgentX: a local-first agent framework with tool use.

::

    from agentx import Agent, tool

    agent = Agent(tools=[...])
    print(agent.run_sync("…").output)
"""

from typing import TYPE_CHECKING, Any

from agentx.errors import AgentXError, ToolError
from agentx.messages import Citation, Proposal, RunResult, ToolCall, ToolResult, Usage
from agentx.tool import Tool, ToolContext, tool

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.model import Sampling
    from agentx.policy import ApprovalRequest, Decision
    from agentx.session import Session
    from agentx.toolbox import Toolbox

__version__ = "0.1.0"

__all__ = [
    "Agent",
    "AgentXError",
    "ApprovalRequest",
    "Citation",
    "Decision",
    "Proposal",
    "RunResult",
    "Sampling",
    "Session",
    "Tool",
    "ToolCall",
    "ToolContext",
    "ToolError",
    "ToolResult",
    "Toolbox",
    "Usage",
    "__version__",
    "tool",
]

# The command line must have its handler of Ctrl-C before asyncio and the like are imported.
_LATER = {
    "Agent": "agentx.agent",
    "Session": "agentx.session",
    "Sampling": "agentx.model",
    "ApprovalRequest": "agentx.policy",
    "Decision": "agentx.policy",
    "Toolbox": "agentx.toolbox",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
