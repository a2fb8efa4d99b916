import subprocess
import sys

import agentx

HEAVY = ("textual", "chromadb", "torch", "transformers", "llama_cpp", "pydantic", "onnxruntime", "httpx", "trafilatura")
# Parts of the standard library that cost much to import, and that nobody needs before a run.
SLOW_STDLIB = {
    "asyncio", "email", "http", "multiprocessing", "pdb", "sqlite3", "ssl", "tomllib", "unittest", "xml", "zipfile",
}  # fmt: skip


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


def test_the_first_line_of_a_script_loads_agentx_and_the_standard_library_alone() -> None:
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from agentx import Agent, tool\n"
        "roots = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(roots - set(sys.stdlib_module_names)))\n"
        f"print(*sorted(roots & {SLOW_STDLIB!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "agentx\n\n"
