"""Calls that differ from an earlier one in an optional number alone and bring nothing new.

A small model that has found too little asks for ten results in place of five, and then for twenty. Such a call is no
repetition as it stands, so that it is carried out; but where the earlier one gave all that it gives, the model is told
so in its place. A program counts as such a call where it gives tools such numbers by name. A number that a tool must be
given is part of the question, and so is any other of a program: two sums may well come to the same.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from agentx.messages import ToolCall, ToolResult
from agentx.planner.base import is_change
from agentx.planner.evidence import changes_something
from agentx.planner.program_names import parsed
from agentx.planner.showing import one_line
from agentx.tool import Tool

_CALL_CHARACTERS = 200


def nothing_new(
    tools: Mapping[str, Tool], call: ToolCall, result: ToolResult, done: Sequence[tuple[ToolCall, ToolResult]]
) -> str | None:
    """What to tell the model in the place of a result that says nothing new; None for one that does.

    Of a tool that changes, keeps or sends something, and of a program that has changed a file, each call counts.

    Args:
        tools: those of the run, by name; the call's own is among them.
        done: the calls of the task before, in order, with their results.
    """
    if not result.ok or result.changed or changes_something(tools[call.name]):
        return None
    # As nearly always: what the calls are need not be read then.
    if not any(earlier.text.startswith(result.text) for _, earlier in done):
        return None
    for made, earlier in reversed(done):
        if is_change(tools.get(made.name), earlier):
            return None
        another = made.name == call.name and made.arguments != call.arguments
        if another and _tells_all(earlier, result) and _form(tools, made) == _form(tools, call):
            name = one_line(str(made), _CALL_CHARACTERS)
            return f"nothing new: {name} gave all of this before; answer, or do something else"
    return None


def _tells_all(earlier: ToolResult, result: ToolResult) -> bool:
    """Whether a result of before begins with the whole of another."""
    return earlier.ok and (earlier.text == result.text or earlier.text.startswith(f"{result.text}\n"))


def _form(tools: Mapping[str, Tool], call: ToolCall) -> Any:
    """The call without its optional numbers, and a program without those that it gives to tools by name."""
    tool = tools[call.name]
    if tool.language == "python":
        return _form_of_program(tools, str(call.arguments.get("code", "")))
    return {
        name: value for name, value in call.arguments.items() if not (_is_optional(tool, name) and _is_number(value))
    }


def _form_of_program(tools: Mapping[str, Tool], code: str) -> str:
    tree = parsed(code)
    if tree is None:
        return code
    for node in ast.walk(tree):
        # Of a function that is no tool nobody knows which of its numbers it can do without.
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in tools:
            tool = tools[node.func.id]
            node.keywords = [
                item for item in node.keywords if not (_is_optional(tool, item.arg) and _is_constant_number(item.value))
            ]
    try:
        return ast.dump(tree)
    except RecursionError:  # `dump` goes less deep than the parser
        return code


def _is_optional(tool: Tool, name: str | None) -> bool:
    """Whether it is a parameter of the tool's that a call may leave out."""
    return name in tool.parameters.get("properties", {}) and name not in tool.parameters.get("required", ())


def _is_constant_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and _is_number(node.value)


def _is_number(value: Any) -> bool:
    """Not a switch, though Python counts True among the numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)
