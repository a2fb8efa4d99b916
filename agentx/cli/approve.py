"""Asks the person at the terminal whether a call may be carried out."""

import asyncio
import contextlib
import os
import sys
import termios
from collections.abc import Awaitable, Callable
from typing import TextIO

from agentx.cli.text import is_terminal, one_line, visible
from agentx.policy import ApprovalRequest, Approver, Decision

SHOWN_CHARACTERS = 4_000


def terminal_approver() -> Approver | None:
    """An approver where stdin and stderr are a terminal; None where nobody can be asked."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return None
    return Asker(_terminal_line, sys.stderr, discard=_discard_typed)


class Asker:
    """Asks y/N/a; `a` allows that tool for as long as the asker lives. Any other words are a no with a reason."""

    def __init__(
        self, read_line: Callable[[], Awaitable[str]], stream: TextIO, discard: Callable[[], None] = lambda: None
    ) -> None:
        self._read_line = read_line
        self._stream = stream
        self._discard = discard
        self._always: set[str] = set()
        # Calls run side by side; questions do not.
        self._turn = asyncio.Lock()

    async def __call__(self, request: ApprovalRequest) -> Decision:
        async with self._turn:
            name = request.call.name
            if name in self._always:
                return Decision(True, "allowed for this session")
            # A line typed before the question was asked is no answer to it.
            self._discard()
            self._stream.write(f"{_shown(request)}\n{one_line(request.reason)}. Allow it? [y/N/a = always] ")
            self._stream.flush()
            answer = (await self._read_line()).strip()
            if answer.lower() in ("a", "always"):
                self._always.add(name)
                return Decision(True, "allowed for this session")
            if answer.lower() in ("y", "yes"):
                return Decision(True, "allowed")
            if answer.lower() in ("", "n", "no"):
                return Decision(False, "the user said no")
            return Decision(False, f"the user said no: {answer}")


def _shown(request: ApprovalRequest) -> str:
    lines = [f"{request.call.name} wants to run with"]
    for key, value in request.call.arguments.items():
        text = visible(value if isinstance(value, str) else repr(value))
        if len(text) > SHOWN_CHARACTERS:
            text = f"{text[:SHOWN_CHARACTERS]}… ({len(text) - SHOWN_CHARACTERS} more characters)"
        lines.append(f"  {visible(key)}: " + text.replace("\n", "\n    "))
    return "\n".join(lines)


def _discard_typed() -> None:
    with contextlib.suppress(termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


async def _terminal_line() -> str:
    """A line from the terminal; "" at its end. Cancelling leaves nothing behind that would eat the next line."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
        return os.read(descriptor, 4096).decode(errors="replace")
    finally:
        loop.remove_reader(descriptor)
