import subprocess
import sys

import agentx

HEAVY = ("textual", "chromadb", "torch", "transformers", "llama_cpp", "pydantic", "onnxruntime", "httpx", "trafilatura")


def test_the_public_names_are_these() -> None:
    assert agentx.__all__ == [
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
    assert all(hasattr(agentx, name) for name in agentx.__all__)


def loaded_by(code: str) -> list[str]:
    script = f"{code}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()


def test_importing_agentx_loads_nothing_heavy() -> None:
    assert loaded_by("import agentx") == []


def test_defining_a_tool_and_an_agent_loads_nothing_heavy() -> None:
    code = "from agentx import Agent, tool\n@tool\ndef f(x: int) -> int:\n    'Doc.'\n    return x\nAgent(tools=[f])"
    assert loaded_by(code) == []
