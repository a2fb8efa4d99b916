"""Held-out traces as cases: does the model choose the calls that were recorded?"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentx.agent import Agent
from agentx.errors import ContextOverflow, SchemaError
from agentx.memory_journal import MemoryJournal
from agentx.model import Model
from agentx.schema import coerced
from agentx.tool import Tool
from agentx_learn.gating.cases import Part, Seen, digest
from agentx_learn.tuning.traces import Call, Task, Trace


@dataclass(frozen=True)
class TraceCase:
    """The first request of a trace, and the calls of its first round; none where it was answered in words."""

    trace: Trace

    @property
    def part(self) -> Part:
        return "traces"

    @property
    def id(self) -> str:
        return f"trace {self.trace.number}"

    @property
    def content(self) -> Any:
        trace = self.trace
        tools = [[tool.name, tool.description, tool.parameters] for tool in trace.tools]
        return [trace.instructions, tools, trace.tasks[0].request, self.recorded]

    @property
    def recorded(self) -> list[Call]:
        rounds = self.trace.tasks[0].rounds
        return list(rounds[0].calls) if rounds else []

    async def run(self, model: Model) -> Seen:
        trace, began = self.trace, time.monotonic()
        agent = Agent(
            model,
            trace.tools,
            instructions=trace.instructions or None,
            strategy="direct",
            journal=MemoryJournal(),
        )
        try:
            proposal = await agent.propose(trace.tasks[0].request)
        except ContextOverflow as error:
            return Seen(False, told=str(error), seconds=time.monotonic() - began, status="failed")
        except SchemaError as error:
            # Tools of strangers had such a schema when the trace was made.
            return Seen(False, told=str(error), status="untestable")
        chosen = [(call.name, call.arguments) for call in proposal.calls]
        told = self._differs(chosen)
        return Seen(not told, told=told, seconds=time.monotonic() - began)

    def _differs(self, chosen: Sequence[Call]) -> str:
        """How calls differ from those that were recorded; empty where they do not."""
        tools = {tool.name: tool for tool in self.trace.tools}
        if _plain(chosen, tools) == _plain(self.recorded, tools):
            return ""
        return f"chose {_shown(chosen)} and not {_shown(self.recorded)}"


def trace_cases(traces: Iterable[Trace]) -> list[TraceCase]:
    """One for each request that differs; a trace whose first calls all failed shows no call that were right."""
    found: dict[str, TraceCase] = {}
    for trace in traces:
        if trace.tasks and _went_well(trace.tasks[0]):
            case = TraceCase(trace)
            found.setdefault(digest(case.content[:3]), case)
    return list(found.values())


def _went_well(task: Task) -> bool:
    return not task.rounds or not task.rounds[0].results or any(result.ok for result in task.rounds[0].results)


def _plain(calls: Sequence[Call], tools: dict[str, Tool]) -> list[str]:
    """Calls in a form in which those that do the same are the same: whatever their order, the spaces in their texts,
    and whether an argument is given its default."""
    return sorted(
        json.dumps([name, _arguments(given, tools[name].parameters)], sort_keys=True) for name, given in calls
    )


def _arguments(given: dict[str, Any], parameters: Any) -> dict[str, Any]:
    # A schema may be a boolean too.
    declared = parameters.get("properties", {})
    properties: dict[str, Any] = {name: each for name, each in declared.items() if isinstance(each, Mapping)}
    return {
        name: _spaced(value)
        for name, value in coerced(given, parameters).items()
        if "default" not in properties.get(name, {}) or properties[name]["default"] != value
    }


def _spaced(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def _shown(calls: Sequence[Call]) -> str:
    return json.dumps(calls, ensure_ascii=False) if calls else "no call"
