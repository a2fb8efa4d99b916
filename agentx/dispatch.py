"""Carries out one tool call: validates, runs within its time, cuts what is too long; a tool's fault is a result."""

import asyncio
import inspect
import json
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, cast

from agentx.errors import EndsRun, ToolError
from agentx.messages import ToolCall, ToolResult, is_shallow
from agentx.nearest import advice
from agentx.redaction import beginning, cuts
from agentx.threads import in_thread
from agentx.tool import Tool, ToolContext

_NEAR = 200
"""Characters within which a text is rather cut at the end of a line, or else of a word."""
GRACE_S = 2.0
"""How long a tool that is given up may take to clean up before it is left behind."""
MAX_FOR_PROGRAM_BYTES = 8 * 2**20
"""What a program gets of one call at most. All of it is looked through, and kept: a larger file is better opened."""


async def carry_out(tool: Tool, call: ToolCall, context: ToolContext) -> ToolResult:
    """The result of a call, whatever the tool does.

    What the tool's body raises becomes one line for the model (class and message; a ToolError's sentence as it is, then
    what comes nearest of the valid values that it names), with the traceback kept in the result for the journal:
    `sys.exit()` too, which must not end the host. Cancellation is passed on.
    """
    started = time.perf_counter()
    status, text, trace, value, argument, begin = "ok", "", None, None, None, ""
    try:
        arguments = tool.validate(call.arguments)
        if tool.schema.context_parameter:
            arguments[tool.schema.context_parameter] = context
        value = await called(tool, tool.function, **arguments)
        text = as_text(value)
    except EndsRun:
        raise
    except GivenUp as error:
        status, text = "timeout", f"{tool.name} was given up {error}."
    except ToolError as error:
        status, text, argument, begin = "error", worded(error, call), error.argument, error.begin
    except Exception as error:
        status, text, trace = "error", one_line(error), traceback.format_exc()
    text = text.encode("utf-8", errors="replace").decode("utf-8")  # names of files may be none
    shown = cut(text, tool.max_output_bytes)
    return ToolResult(
        call_id=call.id,
        status=status,  # type: ignore[arg-type]
        text=shown,
        full_text=text if shown != text else None,
        value=as_json(value),
        traceback=trace,
        elapsed_s=time.perf_counter() - started,
        argument=argument,
        untrusted=context.marks.untrusted,
        addresses=list(context.marks.addresses),
        is_none=status == "ok" and value is None,
        begin=begin,
    )


def worded(error: ToolError, call: ToolCall) -> str:
    """The author's sentence, and the valid values that come nearest to what the call gave."""
    value = call.arguments.get(error.argument or "") if error.value is None else error.value
    return str(error) if value is None else f"{error}{advice(value, error.valid)}"


class GivenUp(Exception):
    """The tool took longer than it may; not TimeoutError, which a tool may raise itself."""


async def _within(timeout_s: float, work: Coroutine[Any, Any, Any]) -> Any:
    """The result of `work`, in a task of its own: a tool that cancels its task, or won't be cancelled, harms no other.

    Raises:
        GivenUp: it was cancelled; where it holds on regardless it is left behind.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
    finally:
        if over := not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE_S)
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
    if over:
        raise GivenUp(f"after {timeout_s:g} seconds")
    if task.cancelled():
        raise RuntimeError("cancelled itself")
    error = task.exception()
    if error is None or isinstance(error, Exception):
        return task.result()
    raise RuntimeError(f"ended with {one_line(error)}") from error


async def called(tool: Tool, function: Callable[..., Any], /, *values: Any, **arguments: Any) -> Any:
    """What a function of the tool's (itself, its probe, its survey) returns; plain ones run in a thread.

    Raises:
        GivenUp: it took longer than the tool may.
    """
    if inspect.iscoroutinefunction(function):
        return await _within(tool.timeout_s, _awaited(function(*values, **arguments)))
    limit = asyncio.timeout(tool.timeout_s)
    try:
        async with limit:
            result = await in_thread(lambda: function(*values, **arguments), f"agentx-tool-{tool.name}")
    except TimeoutError:
        if limit.expired():
            raise GivenUp(f"after {tool.timeout_s:g} seconds") from None
        raise
    # A plain function may hand back what a coroutine function would.
    return await _within(tool.timeout_s, _awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(work: Awaitable[Any]) -> Any:
    try:
        return await work
    # asyncio hands this one past the task that raised it, straight to the host.
    except SystemExit as error:
        raise RuntimeError(f"ended with {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """Class and message of what a tool raised, whose own `__str__` may fail."""
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = "its message cannot be read"
    return beginning(f"{type(error).__name__}: {message}", 500) if message else type(error).__name__


def as_text(value: Any) -> str:
    """A tool's return value as the model is shown it: text as it is, the rest as JSON where it can be."""
    if isinstance(value, str):
        return value
    if value is None:
        return "done"
    if hasattr(value, "model_dump_json"):
        return value.model_dump_json()
    if _is_lines(value):
        return as_text("\n".join(value))
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def _is_lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in cast("list[Any]", value))


def as_arguments(name: str, arguments: Any) -> dict[str, Any]:
    """The arguments that code gives to a tool, as JSON values.

    Raises:
        ToolError: they are none.
    """
    try:
        given = dict(json.loads(json.dumps(arguments)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolError(f"The arguments of {name} cannot be written as JSON: {one_line(error)}.") from None
    if not is_shallow(given):
        raise ToolError(f"The arguments of {name} are nested too deeply.")
    return given


def as_json(value: Any) -> Any:
    """The value as JSON; None where it is text or cannot be JSON, so that the result's text stands for it."""
    if value is None or isinstance(value, str):
        return None
    try:
        found = value.model_dump(mode="json") if hasattr(value, "model_dump") else json.loads(json.dumps(value))
        return found if is_shallow(found) else None
    # Whatever the value's own methods raise; its text was taken already, so that this is no failure of the tool.
    except Exception:
        return None


def unless_too_much(name: str, result: ToolResult) -> ToolResult:
    """The result of a program's call of a tool, or the error in its place if it is above `MAX_FOR_PROGRAM_BYTES`.

    A part would be taken for the whole, and to keep and look through what nobody gets would take minutes.
    """
    size = len(result.whole.encode())
    if not result.ok or size <= MAX_FOR_PROGRAM_BYTES:
        return result
    most = f"{MAX_FOR_PROGRAM_BYTES >> 20} MiB"
    told = f"{name} gave {size / 2**20:.1f} MiB, and a program gets at most {most} of a call; ask for a part."
    return replace(result, status="error", text=told, full_text=None, value=None, addresses=[])


def for_program(name: str, result: ToolResult) -> Any:
    """What a program gets of its call of a tool: all that the tool returned, as JSON.

    Raises:
        ToolError: the call failed, or brought too much (see `unless_too_much`).
    """
    result = unless_too_much(name, result)
    if not result.ok:
        raise ToolError(result.text)
    if result.is_none:
        return None
    return result.whole if result.value is None else result.value


def cut(text: str, max_bytes: int) -> str:
    """The beginning and the end of a text that is too long, with a notice between of how much is missing.

    Neither ends in a part of a secret, which nobody who looks for secrets could find.
    """
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    head, tail = data[: max_bytes * 3 // 4], data[len(data) - max_bytes // 4 :]
    end = _end_before(text, len(head.decode(errors="ignore")))
    start = _start_after(text, len(text) - len(tail.decode(errors="ignore")))
    end, start = cuts(text, end)[0], cuts(text, start)[1]
    return f"{text[:end]}\n[… {len(text[end:start].encode()):,} bytes left out …]\n{text[start:]}"


def _end_before(text: str, at: int) -> int:
    """Where a line, or else a word, ends shortly before a place; the place where none does."""
    ends = (text.rfind(mark, max(at - _NEAR, 0), at) for mark in "\n ")
    return next((end for end in ends if end >= 0), at)


def _start_after(text: str, at: int) -> int:
    starts = (text.find(mark, at, at + _NEAR) for mark in "\n ")
    return next((start + 1 for start in starts if start >= 0), at)
