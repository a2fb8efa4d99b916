"""The run's other tools as functions inside a program: calls go over a socket to the host, which decides on each.

The program is not trusted: what it sends is checked like anything else that comes from outside, and a call passes the
same policy and journal as one that the model writes.
"""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

from agentx.dialects.identifiers import identifiers
from agentx.errors import ToolError
from agentx.tool import ToolContext

_LONGEST_REQUEST_BYTES = 8 * 2**20
_AT_ONCE_S = 0.1


def described(context: ToolContext) -> dict[str, tuple[str, list[str]]]:
    """For each function that a program gets: its identifier, the tool's name, and its parameters as identifiers."""
    if context.call_tool is None:
        return {}
    names = identifiers(context.functions)
    return {
        names[name]: (name, list(identifiers(parameters).values())) for name, parameters in context.functions.items()
    }


@asynccontextmanager
async def served(
    context: ToolContext, meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext
) -> AsyncGenerator[int | None, None]:
    """Answers calls while the program runs; yields the file descriptor that the child is to inherit.

    Args:
        meanwhile: entered for as long as the program waits for an answer.
    """
    if context.call_tool is None or not context.functions:
        yield None
        return
    ours, theirs = socket.socketpair()
    answering = asyncio.ensure_future(_answer(context, ours, meanwhile))
    try:
        yield theirs.fileno()
    finally:
        theirs.close()
        answering.cancel()
        await asyncio.wait({answering})
        ours.close()
    if not answering.cancelled() and (error := answering.exception()):
        raise error


async def _answer(
    context: ToolContext, ours: socket.socket, meanwhile: Callable[[], AbstractContextManager[None]]
) -> None:
    reader, writer = await asyncio.open_connection(sock=ours, limit=_LONGEST_REQUEST_BYTES)
    try:
        with suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                answer = await _answered(_reply(context, line), meanwhile)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
    finally:
        writer.close()  # a program that waits for an answer must not wait for its time to be up


async def _answered(
    work: Coroutine[Any, Any, dict[str, Any]], meanwhile: Callable[[], AbstractContextManager[None]]
) -> dict[str, Any]:
    """The answer; for one that takes its time, `meanwhile` is entered."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=_AT_ONCE_S)
        with nullcontext() if task.done() else meanwhile():
            return await task
    finally:
        task.cancel()


async def _reply(context: ToolContext, line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
        name, given = str(request["name"]), {str(key): value for key, value in request["arguments"].items()}
        back = {alias: real for real, alias in identifiers(context.functions[name]).items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"error": "that is no call of a function"}
    assert context.call_tool is not None
    try:
        value = await context.call_tool(name, {back.get(alias) or alias: value for alias, value in given.items()})
    except ToolError as error:
        return {"error": str(error)}
    return {"value": value}
