"""What the programs of a task have done so far, as strategy `code` goes by it."""

from itertools import takewhile

from agentx.messages import ToolCall, ToolResult
from agentx.planner.base import Turn
from agentx.planner.evidence import changes_files
from agentx.planner.program_names import parsed


def wrote(call: ToolCall, result: ToolResult) -> str:
    """A line on the files that a program has changed, or that it has changed none though it writes."""
    names = ", ".join(name if name.isprintable() else ascii(name) for name in result.changed)
    if names:
        return f"(wrote {names})\n"
    return "(no file has changed)\n" if has_written(call, result) and not result.overlooked else ""


def has_changed(call: ToolCall, result: ToolResult) -> bool:
    """Whether a program has changed files, as far as it can be told; where there are too many, that it writes some."""
    return bool(result.changed) or (result.overlooked and has_written(call, result))


def has_written(call: ToolCall, result: ToolResult) -> bool:
    """Whether a program that writes files went well; where none has changed, they hold what they held before."""
    return result.ok and changes_files(str(call.arguments.get("code", "")))


def only_read(turn: Turn) -> bool:
    """Whether the model has written programs, the last of which went well and none of which was to write."""
    programs = [
        (str(call.arguments["code"]), result.ok)
        for call, result in turn.lately
        if call.id not in turn.harmless and "code" in call.arguments
    ]
    return bool(programs) and programs[-1][1] and not any(changes_files(code) for code, _ in programs)


def beginning(turn: Turn) -> str:
    """The lines that the last program has lacked, where the tool that ran it says so."""
    lines = turn.done[-1][1].begin if turn.done else ""
    return lines if parsed(lines) is not None else ""


def failures(turn: Turn) -> int:
    """How many programs have failed since one went well."""
    return sum(1 for _ in takewhile(lambda made: made[1].status == "error", reversed(turn.lately)))


def failed_last(turn: Turn) -> bool:
    """True after a program that ended in an error: nothing can be concluded from it, though small models do."""
    return bool(turn.done) and turn.done[-1][1].status == "error"
