# pyright: basic, reportMissingImports=false
"""smolagents on the task of `benchmarks.overhead.task`. Needs the peers' own environment, and nothing of AgentX."""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from rich.console import Console
from smolagents import AgentLogger, CodeAgent, LogLevel, Model, ToolCallingAgent, tool
from smolagents.models import ChatMessage, ChatMessageToolCall, ChatMessageToolCallFunction, MessageRole
from smolagents.monitoring import TokenUsage

from benchmarks.overhead.task import ANSWER, CALLS, STEPS, TASK, Adder, main

WAYS = {
    "quiet": "ToolCallingAgent, logger off",
    "logged": "ToolCallingAgent, logger as it comes, to the null device",
    "unprepared": "ToolCallingAgent, logger off, a model that does not prepare its request",
    "code": "CodeAgent, logger off",
}


class Instant(Model):
    """A model that answers at once; it prepares its request as each of smolagents' own models does first."""

    def __init__(self, replies: Iterator[dict[str, Any]], prepares: bool) -> None:
        super().__init__(flatten_messages_as_text=True, model_id="instant")
        self._replies = replies
        self._prepares = prepares

    def generate(
        self,
        messages: list[Any],
        stop_sequences: list[str] | None = None,
        response_format: dict[str, str] | None = None,
        tools_to_call_from: list[Any] | None = None,
        **kwargs: Any,
    ) -> ChatMessage:
        if self._prepares:
            self._prepare_completion_kwargs(messages, stop_sequences, response_format, tools_to_call_from, **kwargs)
        return ChatMessage(MessageRole.ASSISTANT, token_usage=TokenUsage(1, 1), **next(self._replies))


def calls() -> list[dict[str, Any]]:
    """The replies as tool calls."""

    def reply(number: int, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        function = ChatMessageToolCallFunction(arguments, name)
        return {"content": "", "tool_calls": [ChatMessageToolCall(function, f"call-{number}", "function")]}

    adding = [reply(number, "add", {"a": number, "b": 1}) for number in range(CALLS)]
    return [*adding, reply(CALLS, "final_answer", {"answer": ANSWER})]


def programs() -> list[dict[str, Any]]:
    """The replies as programs."""
    adding = [f"I add one to {number}.\n<code>\nprint(add(a={number}, b=1))\n</code>" for number in range(CALLS)]
    return [{"content": text} for text in [*adding, f"Done.\n<code>\nfinal_answer({ANSWER!r})\n</code>"]]


def make(way: str, adder: Adder) -> Callable[[], object]:
    @tool
    def add(a: int, b: int) -> int:
        """Adds two numbers.

        Args:
            a: the first number.
            b: the second number.
        """
        return adder.add(a, b)

    model = Instant(cycle(programs() if way == "code" else calls()), prepares=way != "unprepared")
    if way == "logged":
        # The default console would print to stdout; this one is it in all else.
        logger = AgentLogger(LogLevel.INFO, Console(file=open(os.devnull, "w"), highlight=False))  # noqa: PTH123, SIM115
    else:
        logger = AgentLogger(LogLevel.OFF)
    kind = CodeAgent if way == "code" else ToolCallingAgent
    agent = kind([add], model, max_steps=STEPS, logger=logger)
    return lambda: agent.run(TASK)


if __name__ == "__main__":
    sys.exit(main(make, tuple(WAYS)))
