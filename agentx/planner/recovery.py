"""What follows from calls that fail: first another argument, then another tool, then another way.

A failed call comes back with what was wrong, and once a run with the tool's signature. Where the next try fails on the
same argument, the tool is masked until some other call has worked; where a second tool fails in the same way, or there
is no other, the model is told to go about the task differently.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agentx.dialects.identifiers import identifiers
from agentx.dialects.python_calls import signature
from agentx.messages import ToolResult
from agentx.tool import Tool

TRIES = 2
"""Failures on one argument before the tool is masked: the call, and one retry."""

TOOLS = 2
"""Tools that fail before the whole way is given up."""

OTHER_WAY = "take another way, or say in the answer what could not be done"

Fault = tuple[str, str | None]
"""A tool's name and the argument that its error named, if it named one."""


@dataclass(slots=True)
class Recovery:
    """The failures of one task.

    Attributes:
        masked: names of tools that may not be called for now.
        stuck: True where no retry helps: the whole way has to change.
    """

    masked: set[str] = field(default_factory=set[str])
    stuck: bool = False
    _faults: Counter[Fault] = field(default_factory=Counter[Fault])
    _failed: set[Fault] = field(default_factory=set[Fault])
    _worked: set[str] = field(default_factory=set[str])
    _explained: set[str] = field(default_factory=set[str])

    @property
    def retrying(self) -> bool:
        """True after a step in which a tool failed and none of its calls worked, as long as there is something left
        to try: what others have done beside it is no reason to leave it undone."""
        return bool(self._faults) and not self.stuck

    def take(self, tool: Tool, result: ToolResult, toolbox: Mapping[str, Tool]) -> ToolResult:
        """Notes what came of a call, and returns it as the model is to see it."""
        if result.ok:
            self._worked.add(tool.name)
        # A program that fails has nothing in common with the next one.
        if result.status not in ("error", "timeout") or tool.language is not None:
            return result
        self._failed.add((tool.name, result.argument))
        if result.argument is None or tool.name in self._explained:
            return result
        self._explained.add(tool.name)
        usage = signature(identifiers(toolbox)[tool.name], tool)
        return replace(result, text=f"{result.text} The function is {usage}.")

    def after_step(self, callable_names: set[str]) -> list[str]:
        """Closes a step, and returns what the model is told about its failures.

        Args:
            callable_names: the tools that may be called, those masked left out.
        """
        failed = [fault for fault in sorted(self._failed, key=str) if fault[0] not in self._worked]
        if self._worked:
            self._faults.clear()
            self.masked.clear()
            self.stuck = False
        self._failed, self._worked = set(), set()
        self._faults.update(failed)
        given_up = [fault for fault in failed if self._faults[fault] == TRIES]
        return [self._give_up(fault, callable_names) for fault in given_up]

    def _give_up(self, fault: Fault, callable_names: set[str]) -> str:
        name, argument = fault
        others = callable_names - self.masked - {name}
        failed = f"{name} failed twice{f' on `{argument}`' if argument else ''}"
        if others:
            self.masked.add(name)
        if others and len(self.masked) < TOOLS:
            return f"{failed}: use another function."
        self.stuck = True
        return f"{failed}: {OTHER_WAY}."
