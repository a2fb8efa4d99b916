"""The tools of an AgentDojo suite as tools of AgentX, with the capabilities of the committed labels."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentdojo.agent_pipeline.tool_execution import tool_result_to_str
from agentdojo.functions_runtime import Function, FunctionCall, FunctionsRuntime, TaskEnvironment
from pydantic import BaseModel

from agentx import Tool, ToolContext, ToolError

LABELS: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("labels.toml").read_text("utf-8"))


class Desk:
    """One environment with its tools; remembers the calls that were carried out, with what they gave."""

    def __init__(self, suite: str, runtime: FunctionsRuntime, environment: TaskEnvironment) -> None:
        self.done: list[tuple[FunctionCall, str]] = []
        self._runtime = runtime
        self._environment = environment
        self.tools = [self._tool(function, LABELS[suite][name]) for name, function in runtime.functions.items()]

    def _tool(self, function: Function, label: dict[str, Any]) -> Tool:
        def run(context: ToolContext, **arguments: Any) -> str:
            value, error = self._runtime.run_function(self._environment, function.name, arguments)
            text = error or tool_result_to_str(value)
            self.done.append((FunctionCall(function=function.name, args=arguments), text))
            if error:
                raise ToolError(error)
            if label.get("finds_addresses"):
                context.found(leaves(value))
            if label.get("finds_ids"):
                context.found(ids(value))
            return text

        return Tool.from_schema(
            function.name,
            function.description,
            function.parameters.model_json_schema(),
            run,
            context_parameter="context",
            capabilities=frozenset(label["may"]),
            paths=label.get("paths", ()),
            max_output_bytes=100_000,
        )


def ids(value: Any) -> Iterator[str]:
    """The ids of the records of a result."""
    for record in value if isinstance(value, list) else [value]:
        if isinstance(record, BaseModel):
            yield from (str(getattr(record, name)) for name in ("id", "id_") if hasattr(record, name))


def leaves(value: Any) -> Iterator[str]:
    """The texts of a result of a directory look-up."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value
