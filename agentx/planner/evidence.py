"""Read before write: a call that changes something is carried out only where the task asks for a change.

Small models write files in tasks that only ask a question. What tells such a call from a wanted one is the task, so
that is what a probe is asked about, once for each tool. Reading tools are never asked about, nor is a program that
only reads.
"""

import ast
import re

from agentx.messages import ToolCall, ToolResult, Usage
from agentx.planner.base import Action, Strategy, Turn
from agentx.planner.probes import ASKS_FOR_CHANGE, ASKS_FOR_EFFECT, Verdict, ask
from agentx.planner.program_names import parsed
from agentx.tool import Tool

UNASKED = "the task does not ask for a change; do without, and answer from what you have seen"

_MODES = frozenset("wax+")
_METHODS = re.compile(
    "write_text|write_bytes|unlink|touch|rename|rmdir|rmtree|hardlink_to|symlink_to|copy2?|copyfile|copytree|move"
    "|to_csv|to_excel|to_parquet|savefig|extractall"
)
"""Methods and functions that change files, whatever module or object they belong to."""

_OF_OS = re.compile("remove|replace|removedirs|renames|truncate")
"""Functions of `os` that change files; elsewhere these names are harmless. A program that starts another one is not
held back: what that will do stands nowhere in its text, and "what does my script print?" asks for it to be run."""


async def doubt(turn: Turn, call: ToolCall) -> tuple[str | None, Usage]:
    """Why the call is not to be made, in words for the model, and what asking cost; None where it may be."""
    verdict = await _verdict(turn, turn.toolbox[call.name], call)
    if verdict is None:
        return None, Usage()
    return None if verdict.yes else UNASKED, verdict.usage


async def wanted(turn: Turn, strategy: Strategy, action: Action) -> tuple[list[ToolCall], Usage]:
    """The action's calls that the task asks for, and its usage with the probes'; the others are refused in the
    prompt, as in a run."""
    calls: list[ToolCall] = []
    refusals: list[tuple[ToolCall, ToolResult]] = []
    usage = action.usage
    for call in action.calls:
        reason, cost = await doubt(turn, call)
        usage += cost
        if reason is None:
            calls.append(call)
        else:
            refusals.append((call, refused(call, reason)))
    if refusals:
        turn.prompt += [*action.fragments, *strategy.results(turn, refusals)]
        turn.done += refusals
    return calls, usage


def refused(call: ToolCall, reason: str) -> ToolResult:
    return ToolResult(call.id, "refused", f"refused: {reason}")


def changes_something(tool: Tool) -> bool:
    """Whether it says of itself that it changes, keeps, sends or spends something."""
    return bool(tool.capabilities & {"writes", "keeps", "egress", "costs"})


async def _verdict(turn: Turn, tool: Tool, call: ToolCall) -> Verdict | None:
    if "writes" in tool.capabilities:
        return await ask(turn, ASKS_FOR_EFFECT, effect=effect(tool))
    if tool.language == "python" and changes_files(str(call.arguments.get("code", ""))):
        return await ask(turn, ASKS_FOR_CHANGE)
    return None


def effect(tool: Tool) -> str:
    """What the tool does, as the question names it: the first line of its description."""
    first = tool.description.strip().partition("\n")[0]
    return f"{tool.name}: {first}" if first else tool.name


def changes_files(program: str) -> bool:
    """Whether a program holds a call that writes, moves or deletes files.

    Told from its text, so that it is a reason to ask the probe and never the last word: functions that the program
    calls under other names are not seen.
    """
    tree = parsed(program)
    return tree is not None and any(isinstance(node, ast.Call) and _changes(node) for node in ast.walk(tree))


def _changes(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id="open"):
            return _opens_for_writing(call, position=1)
        case ast.Attribute(value=ast.Name(id="os"), attr=name):
            return bool(_OF_OS.fullmatch(name) or _METHODS.fullmatch(name))
        case ast.Attribute(attr="open"):
            return _opens_for_writing(call, position=0)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            # `copy` is also how lists and dicts are copied, without arguments.
            return bool(_METHODS.fullmatch(name)) and (name != "copy" or bool(call.args))
        case _:
            return False


def _opens_for_writing(call: ast.Call, position: int) -> bool:
    """True for a mode that writes, and for one that the text does not tell."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"] + call.args[position : position + 1]
    if not given:
        return False
    mode = given[0]
    return not isinstance(mode, ast.Constant) or bool(_MODES & set(str(mode.value)))
