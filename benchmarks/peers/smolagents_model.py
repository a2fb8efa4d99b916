# pyright: basic, reportMissingImports=false
"""smolagents' parts of the peer run: its model, tools and agents over llama.cpp. Needs the peers' own environment."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smolagents import CodeAgent, LogLevel, Model, Tool, ToolCallingAgent
from smolagents.models import ChatMessage, MessageRole, remove_content_after_stop_sequences
from smolagents.monitoring import TokenUsage
from smolagents.utils import AgentError

from agentx import Tool as AgentXTool
from agentx import ToolCall, ToolContext
from agentx.dispatch import carry_out
from agentx.events import CallStarted, Event, RunFinished
from agentx.messages import Usage
from benchmarks.tasks.runner import LIMIT_S

MAX_STEPS = 8
MAX_REPLY_TOKENS = 1024
CONTEXT_TOKENS = 8192
THREADS = 2
_IMPORTS = ["csv", "io", "json"]
_TYPES = {"string", "boolean", "integer", "number", "array", "object"}


class TimeIsUp(Exception):
    """The task's time limit is reached in the middle of decoding."""


@dataclass
class Tally:
    """What one run has cost so far; smolagents has no time limit, so the model looks at this one."""

    limit_s: float
    deadline: float = float("inf")
    prompt_tokens: int = 0
    sampled_tokens: int = 0
    steps: int = 0
    calls: list[ToolCall] = field(default_factory=list)

    def start(self) -> None:
        self.deadline = time.monotonic() + self.limit_s

    def check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise TimeIsUp(f"The time limit of {self.limit_s:g} seconds is up.")


class LlamaCppModel(Model):
    """A smolagents model over `Llama.create_chat_completion`, with the chat template of the GGUF file, greedy.

    The tools are not handed to the template a second time: smolagents' own system prompt describes them and the form
    of a call, and the template of Qwen2.5-Coder 1.5B shows calls in doubled braces, which smolagents cannot read.
    """

    def __init__(self, llama: Any, tally: Tally) -> None:
        super().__init__(flatten_messages_as_text=True, model_id="llama.cpp")
        self._llama = llama
        self._tally = tally

    def generate(
        self,
        messages: list[Any],
        stop_sequences: list[str] | None = None,
        response_format: dict[str, str] | None = None,
        tools_to_call_from: list[Tool] | None = None,
        **kwargs: Any,
    ) -> ChatMessage:
        self._tally.check_time()
        self._tally.steps += 1
        prepared = self._prepare_completion_kwargs(messages, stop_sequences)
        chunks = self._llama.create_chat_completion(
            messages=prepared["messages"],
            stop=prepared.get("stop"),
            temperature=0.0,
            max_tokens=MAX_REPLY_TOKENS,
            stream=True,
        )
        pieces: list[str] = []
        try:
            for chunk in chunks:
                pieces.append(chunk["choices"][0]["delta"].get("content") or "")
                self._tally.check_time()
        finally:
            sampled = sum(bool(piece) for piece in pieces)
            read = max(self._llama.n_tokens - sampled, 0)
            self._tally.prompt_tokens += read
            self._tally.sampled_tokens += sampled
        text = remove_content_after_stop_sequences("".join(pieces), stop_sequences)
        return ChatMessage(MessageRole.ASSISTANT, text, token_usage=TokenUsage(read, sampled))


class BorrowedTool(Tool):
    """One of AgentX's tools under its own name and docstring; an error of it is raised, as smolagents expects."""

    skip_forward_signature_validation = True

    def __init__(self, tool: AgentXTool, context: ToolContext, tally: Tally) -> None:
        schema = tool.parameters
        self.name = tool.name
        self.description = tool.description
        self.inputs = {
            name: {
                "type": sub.get("type") if sub.get("type") in _TYPES else "any",
                "description": sub.get("description") or name,
                **({} if name in schema.get("required", ()) else {"nullable": True}),
            }
            for name, sub in schema["properties"].items()
        }
        self.output_type = "string"
        self._borrowed, self._context, self._tally = tool, context, tally
        super().__init__()

    def forward(self, *args: Any, **kwargs: Any) -> str:
        given = {**dict(zip(self.inputs, args, strict=False)), **kwargs}
        call = ToolCall(str(len(self._tally.calls)), self.name, {k: v for k, v in given.items() if v is not None})
        self._tally.calls.append(call)
        result = asyncio.run(carry_out(self._borrowed, call, self._context))
        if not result.ok:
            raise RuntimeError(result.text)
        return result.text


class SmolAgent:
    """An agent of smolagents at the benchmark's seam."""

    def __init__(
        self,
        kind: str,
        llama: Any,
        tools: list[AgentXTool],
        workspace: Path,
        settings: Callable[[str], dict[str, Any]],
        limit_s: float = LIMIT_S,
    ) -> None:
        self._tally = Tally(limit_s)
        model = LlamaCppModel(llama, self._tally)
        borrowed = [
            BorrowedTool(tool, ToolContext(workspace, settings=settings(tool.name)), self._tally) for tool in tools
        ]
        common: dict[str, Any] = {"max_steps": MAX_STEPS, "verbosity_level": LogLevel.OFF}
        if kind == "code":
            self._agent = CodeAgent(borrowed, model, additional_authorized_imports=_IMPORTS, **common)
        else:
            self._agent = ToolCallingAgent(borrowed, model, **common)

    async def stream(self, task: str) -> AsyncGenerator[Event, None]:
        self._tally.start()
        status, output, error = await asyncio.to_thread(self._run, task)
        for call in self._tally.calls:
            yield CallStarted(call)
        usage = Usage(prompt_tokens=self._tally.prompt_tokens, sampled_tokens=self._tally.sampled_tokens)
        yield RunFinished(status, output, error, self._tally.steps, usage)

    def _run(self, task: str) -> tuple[Any, str | None, str | None]:
        """Status, answer and error; the answer that smolagents asks for at its step limit counts as one."""
        try:
            output = self._agent.run(task)
        except AgentError as error:
            late = time.monotonic() > self._tally.deadline
            return ("timeout" if late else "failed"), None, str(error).strip().splitlines()[-1]
        return ("ok", str(output), None) if output is not None else ("failed", None, "No answer.")
