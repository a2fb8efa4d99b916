"""What is typed at the terminal while a task runs: lines for the task or answers to questions, neither for the other.

A terminal hands over whole lines and keeps the one that is being written to itself. So a question looks whether one has
been begun, which then comes to its end first; and what is typed in the moment after the question was written, when
nobody can have read it yet, is dropped, and the person told so.
"""

import asyncio
import contextlib
import os
import termios
from collections.abc import Callable, Generator

from agentx.cli.text import visible

QUIET_S = 0.4
"""After a question was written, for which nothing is typed before an answer counts."""
ASKED = "A question waits until you have ended this line (Enter):"


class TypedLines:
    """One reader of a terminal, within `heard`.

    Args:
        descriptor: of the terminal.
        said: gets each line that answers nothing.
        tell: shows the person a text.

    Attributes:
        ended: the end of input was typed, which was no answer.
    """

    def __init__(self, descriptor: int, said: Callable[[str], None], tell: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._said = said
        self._tell = tell
        self._begun = b""  # of a line
        self._heard = asyncio.Event()
        self._answer: asyncio.Future[str] | None = None
        self._is_unread = False
        self._is_gone = False
        self.ended = False

    @contextlib.contextmanager
    def heard(self) -> Generator[None, None, None]:
        """Reads while the block runs, in the event loop that runs."""
        self._listen()
        try:
            yield
        finally:
            self._leave()
            self._begun = b""

    async def turn(self) -> None:
        """Comes back when a question may be written: no line is under way."""
        self._is_unread = True
        self._take(_pending(self._descriptor))
        if self._begun:
            self._tell(f"\n{ASKED} {visible(self._begun.decode(errors='replace'))}")
        while self._begun and not self._is_gone:
            self._heard.clear()
            await self._heard.wait()

    async def line(self) -> str | None:
        """The answer to the question that was just written; None where something was typed too early to be one.

        It is "" at the end of input.
        """
        if self._is_gone:
            return ""
        if self._is_unread:
            if await self._is_disturbed():
                return None
            self._is_unread = False
        self._answer = asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        finally:
            self._answer = None

    async def _is_disturbed(self) -> bool:
        self._leave()
        try:
            await asyncio.sleep(QUIET_S)
            return bool(_pending(self._descriptor))
        finally:
            self._listen()

    def _listen(self) -> None:
        if not self._is_gone:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _leave(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 4096)
        except OSError:
            data = b""
        if data:
            self._take(data)
        elif self._begun:
            self._take(b"\n")
        else:
            self._end()

    def _take(self, data: bytes) -> None:
        *lines, self._begun = (self._begun + data).split(b"\n")
        for each in lines:
            self._give(each.decode(errors="replace"))
        self._heard.set()

    def _give(self, line: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(line)
        elif line.strip():
            self._said(line.strip())

    def _end(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("")
        elif self.ended:  # a terminal that is gone says so for ever
            self._is_gone = True
            self._leave()
        self.ended = self.ended or self._answer is None


def _pending(descriptor: int) -> bytes:
    """What was typed and not read yet, with the line that was begun."""
    try:
        before = termios.tcgetattr(descriptor)
        flags, signs = before[3] & ~termios.ICANON, list(before[6])
        signs[termios.VMIN] = signs[termios.VTIME] = 0
        termios.tcsetattr(descriptor, termios.TCSANOW, [*before[:3], flags, *before[4:6], signs])
        try:
            # An end of input among it is a zero.
            return os.read(descriptor, 65536).replace(b"\0", b"")
        finally:
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
    except (termios.error, OSError):
        return b""
