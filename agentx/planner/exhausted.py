"""Tools that give the same whatever they are asked: a small model that has found nothing rewords its question for ever.

Such a tool is masked until another one has worked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentx.messages import ToolCall, ToolResult
from agentx.planner.evidence import changes_something
from agentx.tool import Tool

SAME = 5
"""Steps in a row in which a tool gives one and the same before it is masked."""


@dataclass(slots=True)
class Exhausted:
    """What the tools of one task have given last, and in how many steps in a row."""

    _given: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def after_step(self, results: Sequence[tuple[ToolCall, ToolResult]], tools: Mapping[str, Tool]) -> list[str]:
        """Notes what came of a step's calls.

        Returns:
            Names of its tools that go on giving the same. One that acts may well do so, which is what one without a
            value does, and what a program prints says nothing of the next one.
        """
        told = {call.name: result for call, result in results if call.name in tools and not result.is_none}
        for name, result in told.items():
            text, times = self._given.get(name, ("", 0))
            self._given[name] = (result.text, times + 1 if result.ok and result.text == text else 1)
        return [name for name in told if self._given[name][1] >= SAME and _only_reads(tools[name])]


def _only_reads(tool: Tool) -> bool:
    return not changes_something(tool) and "executes" not in tool.capabilities
