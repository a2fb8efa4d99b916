# pyright: basic, reportMissingImports=false
"""pydantic-ai on the task of `benchmarks.overhead.task`. Needs an environment of its own, and nothing of AgentX."""

import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from pydantic_ai import Agent, ModelResponse, RequestUsage, TextPart, Tool, ToolCallPart, UsageLimits
from pydantic_ai.models import Model

from benchmarks.overhead.task import ANSWER, CALLS, TASK, Adder, main

WAYS = ("direct",)


class Instant(Model):
    """A model that answers at once. Not `FunctionModel`, which counts the words of all messages at each request."""

    def __init__(self, replies: Iterator[ToolCallPart | TextPart]) -> None:
        super().__init__()
        self._replies = replies

    @property
    def model_name(self) -> str:
        return "instant"

    @property
    def system(self) -> str:
        return "instant"

    async def request(self, messages: Any, model_settings: Any, model_request_parameters: Any) -> ModelResponse:
        self.prepare_request(model_settings, model_request_parameters)
        return ModelResponse([next(self._replies)], usage=RequestUsage(input_tokens=1, output_tokens=1))


def make(way: str, adder: Adder) -> Callable[[], object]:
    def add(a: int, b: int) -> int:
        """Adds two numbers.

        Args:
            a: the first number.
            b: the second number.
        """
        return adder.add(a, b)

    calls = [ToolCallPart("add", {"a": number, "b": 1}, tool_call_id=f"call-{number}") for number in range(CALLS)]
    agent = Agent(Instant(cycle([*calls, TextPart(ANSWER)])), tools=[Tool(add)])
    limits = UsageLimits(request_limit=None)
    return lambda: agent.run_sync(TASK, usage_limits=limits).output


if __name__ == "__main__":
    sys.exit(main(make, WAYS))
