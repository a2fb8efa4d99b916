"""AgentX as a pipeline of AgentDojo: nobody approves anything, and nothing but taint holds a call back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
from agentdojo.functions_runtime import EmptyEnv, Env, FunctionsRuntime
from agentdojo.types import (
    ChatAssistantMessage,
    ChatMessage,
    ChatToolResultMessage,
    text_content_block_from_string,
)

from agentx import Agent, ApprovalRequest, Decision
from agentx.memory_journal import MemoryJournal
from agentx.messages import RunResult
from agentx.model import Model
from benchmarks.safety.agentdojo.tools import Desk

MakeModel = Callable[[Any], Model]
"""Makes the model of a run from the environment as the run finds it."""

GUARD = {"on": ["injection"], "actions": {"injection": {"tool_result": "block"}}}


@dataclass
class AgentXPipeline(BasePipelineElement):
    """Runs one task; `denied` holds the calls that waited for a person in vain.

    Args:
        suite: name of the suite, for the labels.
        make_model: makes the model of a run.
        allow: patterns of calls approved in advance.
        guard: whether the guard `injection` withholds the results in which it finds something.
        strategy: how the model is asked.
    """

    suite: str
    make_model: MakeModel
    allow: Sequence[str] = ()
    guard: bool = False
    strategy: str = "react"
    name: str | None = "local"
    denied: list[str] = field(default_factory=list[str])
    result: RunResult | None = None

    def query(
        self,
        query: str,
        runtime: FunctionsRuntime,
        env: Env = EmptyEnv(),  # noqa: B008
        messages: Sequence[ChatMessage] = (),
        extra_args: dict[str, Any] = {},  # noqa: B006
    ) -> tuple[str, FunctionsRuntime, Env, Sequence[ChatMessage], dict[str, Any]]:
        desk = Desk(self.suite, runtime, env)
        agent = Agent(
            self.make_model(env),
            desk.tools,
            strategy=self.strategy,
            mode="full",
            allow=self.allow,
            approve=self._approve,
            max_steps=60,
            journal=MemoryJournal(),
            guard=GUARD if self.guard else None,
        )
        self.denied.clear()
        self.result = agent.run_sync(query)
        return query, runtime, env, [*messages, *_messages(desk, self.result)], extra_args

    async def _approve(self, request: ApprovalRequest) -> Decision:
        self.denied.append(f"{request.call}: {request.reason}")
        return Decision(False, "no approvals are given")


def _messages(desk: Desk, result: RunResult) -> list[ChatMessage]:
    found: list[ChatMessage] = []
    for call, text in desk.done:
        found.append(ChatAssistantMessage(role="assistant", content=[_block("")], tool_calls=[call]))
        found.append(
            ChatToolResultMessage(role="tool", content=[_block(text)], tool_call=call, tool_call_id=None, error=None)
        )
    answer = str(result.output or result.error or "")
    return [*found, ChatAssistantMessage(role="assistant", content=[_block(answer)], tool_calls=None)]


def _block(text: str) -> Any:
    return text_content_block_from_string(text)
