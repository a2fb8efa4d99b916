"""The agents that are measured: AgentX as it ships, and the baseline that calls once and then answers."""

from pathlib import Path
from typing import Any, Literal, TypeAlias

from agentx.memory import Memory
from agentx.model import Model, Sampling
from benchmarks.tasks.runner import LIMIT_S, AgentLike, MakeAgent, Scene

Loop: TypeAlias = Literal["full", "one-call"]
_MAX_STEPS = 12


def agentx_maker(model: str | Model | None, strategy: str, loop: Loop, seed: int) -> MakeAgent:
    """Makes AgentX agents; `one-call` may reply twice: one round of calls, then the answer.

    The model is loaded once: agents of a process that name the same one share it.
    """

    def make(scene: Scene) -> AgentLike:
        from agentx import Agent, plugins
        from agentx.journal import Journal

        return Agent(
            model=model,
            tools=[plugins.load("agentx.tools", name) for name in scene.task.tools],
            strategy="direct" if loop == "one-call" else strategy,
            workspace=scene.workspace,
            allow=["all"],
            max_steps=2 if loop == "one-call" else _MAX_STEPS,
            timeout_s=LIMIT_S,
            sampling=Sampling(seed=seed),
            tool_settings=tool_settings(scene),
            journal=Journal(":memory:"),
        )

    return make


def tool_settings(scene: Scene) -> dict[str, dict[str, Any]]:
    """The task's own page server is allowed though it is on this machine, and its memory is its own."""
    memory = {"path": str(scene.memory)}
    pages = {"allow": [scene.address] if scene.address else []}
    return {"fetch_page": pages, "remember": memory, "recall": memory}


def open_chroma(path: Path) -> Memory:
    from agentx_memory.chroma import ChromaMemory

    return ChromaMemory(path=path)
