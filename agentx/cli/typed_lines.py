"""What is typed at the terminal: lines for the task that runs or answers to questions, neither for the other.

A terminal hands over whole lines and keeps the one that is being written to itself. So a question looks whether one has
been begun, which then comes to its end first; and what is typed in the moment after the question was written, when
nobody can have read it yet, is dropped, and the person told so.
"""

import asyncio
import contextlib
import os
import unicodedata
from collections.abc import AsyncGenerator, Callable, Generator

from agentx.cli import terminal_keys
from agentx.cli.text import visible, without_controls

QUIET_S = 0.4
"""After a question was written, for which nothing is typed before an answer counts."""
AWAY_S = 0.2
"""After which a process in the background looks whether the terminal is its own again."""
ASKED = "A question waits until you have ended this line (Enter):"
FOR_NOBODY = "This line was begun too early to be an answer, and is for nobody; end it (Enter):"
CUT_OFF = "This line was not ended before the task was; write it anew:"
UNHEARD = "This was typed before the question and is for nobody:"


def of_questions(descriptor: int, tell: Callable[[str], None]) -> "TypedLines":
    """The lines of a terminal that is read for questions alone; of those from before one the person is told."""
    return TypedLines(descriptor, lambda line: tell(f"{UNHEARD} {visible(line)}\n"), tell)


class TypedLines:
    """One reader of a terminal, within `heard` or a question.

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
        self._hearer: object = None
        self._modes = contextlib.ExitStack()  # of the terminal, while a line is waited for
        self._away: asyncio.TimerHandle | None = None
        self._is_unread = False
        self._is_for_nobody = False
        self._is_gone = False
        self.ended = False

    @contextlib.contextmanager
    def heard(self) -> Generator[None, None, None]:
        """Reads while the block runs, in the event loop that runs."""
        self._hearer = hearer = object()
        self._listen()
        try:
            yield
        finally:
            # A task that was broken off may end behind the beginning of the next, whose reader this is then.
            if self._hearer is hearer:
                self._leave()
                self._forget()

    @contextlib.asynccontextmanager
    async def question(self) -> AsyncGenerator[None, None]:
        """In the block a question may be written: no line is under way. What is typed is read meanwhile in any case."""
        with self.heard() if self._hearer is None else contextlib.nullcontext():
            await self.turn()
            yield

    def let_go(self) -> None:
        """Ends `heard`, and gives the terminal back as it was, though the task that was left behind has not ended."""
        self._modes.close()
        self._forget()

    def _forget(self) -> None:
        self._hearer = None
        if begun := self._begun.strip():
            self._tell(f"\n{CUT_OFF} {_shown(begun)}\n")
        self._begun = b""

    async def turn(self) -> None:
        """Comes back when a question may be written: no line is under way."""
        self._is_unread = True
        while not self._is_gone:
            # What waits to be read is taken here, and a read after that would wait for more.
            self._leave()
            self._take(terminal_keys.pending(self._descriptor))
            self._listen()
            if not self._begun:
                return
            await self._end_of_line(ASKED)

    async def line(self) -> str | None:
        """The answer to the question that was just written; None where something was typed too early to be one.

        It is "" at the end of input.
        """
        if self._is_unread and not self._is_gone:
            if await self._is_disturbed():
                return None
            self._is_unread = False
        if self._is_gone:
            return ""
        answer = self._answer = asyncio.get_running_loop().create_future()
        try:
            return await answer
        finally:
            if self._answer is answer:
                self._answer = None

    async def _is_disturbed(self) -> bool:
        self._leave()
        try:
            await asyncio.sleep(QUIET_S)
            early = terminal_keys.pending(self._descriptor)
        finally:
            self._listen()
        if not early:
            return False
        self._begun = early.rpartition(b"\n")[2]
        if self._begun:
            self._is_for_nobody = True
            try:
                await self._end_of_line(FOR_NOBODY)
            finally:
                self._is_for_nobody = False
        return True

    async def _end_of_line(self, why: str) -> None:
        """Comes back when the line that was begun has come to its end, or was erased."""
        # Before the person is told: what they press then is for this line.
        self._modes.enter_context(terminal_keys.one_by_one(self._descriptor))
        with self._modes:
            self._tell(f"\n{why} {_shown(self._begun)}")
            while self._begun and not self._is_gone:
                self._heard.clear()
                await self._heard.wait()

    def _listen(self) -> None:
        if not self._is_gone:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _leave(self) -> None:
        if self._away is not None:
            self._away.cancel()
            self._away = None
        asyncio.get_running_loop().remove_reader(self._descriptor)

    def _read(self) -> None:
        if not terminal_keys.is_ours(self._descriptor):
            self._leave()
            self._away = asyncio.get_running_loop().call_later(AWAY_S, self._listen)
            return
        if not terminal_keys.is_readable(self._descriptor):
            return
        try:
            data = os.read(self._descriptor, 4096)
        except OSError:
            self._lose()
            return
        if data:
            self._take(data)
        elif terminal_keys.is_gone(self._descriptor):
            self._lose()
        elif self._begun:
            self._take(b"\n")
        elif not self._is_answer(""):
            self.ended = True

    def _take(self, data: bytes) -> None:
        edited = terminal_keys.edited(self._begun, data, self._descriptor)
        if edited is not None:
            self._show(edited)
        *lines, self._begun = (self._begun + data if edited is None else edited).split(b"\n")
        for each in lines:
            self._give(without_controls(each.decode(errors="replace")))
        self._heard.set()

    def _show(self, edited: bytes) -> None:
        """Shows what the terminal does not: what is written on in the line that was begun, and what is erased of it."""
        before, after = _shown(self._begun), _shown(edited)
        kept = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
        kept = min(len(before), len(after)) if kept is None else kept
        columns = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in before[kept:])
        self._tell("\b \b" * columns + after[kept:] + ("" if after else "\n"))

    def _give(self, line: str) -> None:
        if not self._is_for_nobody and not self._is_answer(line) and line.strip():
            self._said(line.strip())

    def _is_answer(self, line: str) -> bool:
        """Gives it to the question that waits for a line, if one does."""
        if self._answer is None or self._answer.done():
            return False
        self._answer.set_result(line)
        return True

    def _lose(self) -> None:
        self._leave()
        self._is_gone = self.ended = True
        self._is_answer("")
        self._heard.set()


def _shown(line: bytes) -> str:
    return visible(line.decode(errors="ignore"))
