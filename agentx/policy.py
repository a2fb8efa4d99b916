"""Who may do what: allows a call, or asks for an approval. Decided here, in the host, never in the prompt."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from agentx.errors import AgentXError, UsageError
from agentx.messages import ToolCall
from agentx.tool import Tool

ASKING = frozenset({"writes", "executes", "egress", "costs"})
"""Capabilities that need an approval. Reading the workspace does not, nor does a tool without capabilities."""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a person is asked: may this call be carried out?"""

    call: ToolCall
    tool: Tool
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; the model is told the reason of a no."""

    allowed: bool
    reason: str = ""


class NeedsApproval(AgentXError):
    """A call needs an approval and there is nobody to ask; ends the run."""

    exit_code = 3


Approver: TypeAlias = Callable[[ApprovalRequest], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Calls approved in advance: `all`, a tool's name, or `name(argument="glob", …)`; `*` and `?` are wildcards.

    >>> Pattern.parse('write_file(path="out/*")').matches(ToolCall("1", "write_file", {"path": "out/a.txt"}))
    True
    """

    name: str
    arguments: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Raises UsageError if the text is not a pattern."""
        text = text.strip()
        if text == "all":
            return cls("*")
        if match := re.fullmatch(r"([^()\s]+)(?:\((.*)\))?", text, re.DOTALL):
            inner = (match[2] or "").strip()
            if inner in ("", "*"):
                return cls(match[1])
            piece = r'\s*([^\s=,]+)\s*=\s*("(?:[^"\\]|\\.)*")\s*'
            if re.fullmatch(f"{piece}(?:,{piece})*", inner):
                return cls(match[1], tuple((name, json.loads(glob)) for name, glob in re.findall(piece, inner)))
        raise UsageError(f'`{text}` is no pattern; write all, a tool\'s name, or name(argument="glob").')

    def matches(self, call: ToolCall) -> bool:
        return fnmatchcase(call.name, self.name) and all(
            name in call.arguments and _matches(call.arguments[name], glob) for name, glob in self.arguments
        )


def _matches(value: Any, glob: str) -> bool:
    text = value if isinstance(value, str) else json.dumps(value)
    # `out/*` must not be left by `out/../x`.
    return fnmatchcase(text, glob) and not (".." in text.replace("\\", "/").split("/") and ".." not in glob)


class Policy:
    """Allows a call by its tool's capabilities or by a pattern that was approved in advance."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = [Pattern.parse(text) for text in allow]

    def reason_to_ask(self, tool: Tool, call: ToolCall) -> str | None:
        """None if the call may be carried out at once, else what it may do that needs an approval."""
        asking = sorted(tool.capabilities & ASKING)
        if not asking or any(pattern.matches(call) for pattern in self._allow):
            return None
        words = {"writes": "changes files", "executes": "runs code", "egress": "sends data out", "costs": "costs money"}
        return f"{tool.name} {' and '.join(words[name] for name in asking)}"
