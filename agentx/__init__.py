"""AgentX: a local-first agent framework with tool use.

::

    from agentx import Agent, tool

    agent = Agent(tools=[...])
    print(agent.run_sync("…").output)
"""

from agentx.agent import Agent, Session
from agentx.errors import AgentXError, ToolError
from agentx.messages import Proposal, RunResult, ToolCall, ToolResult, Usage
from agentx.model import Sampling
from agentx.policy import ApprovalRequest, Decision
from agentx.tool import Tool, ToolContext, tool
from agentx.toolbox import Toolbox

__version__ = "0.1.0"

__all__ = [
    "Agent",
    "AgentXError",
    "ApprovalRequest",
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
