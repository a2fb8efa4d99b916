"""The state of the screen: the view, the engine behind it, and what waits to be sent. Knows no widgets."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agentx.cli.setup import Setup
from agentx.events import Event
from agentx_tui.completion import without_marks
from agentx_tui.engine import Engine
from agentx_tui.inbox import Inbox
from agentx_tui.reducer import reduce
from agentx_tui.signals import Asking, BrokenOff, Idle, LoadFailed, Loading, Prepared, Unprepared, Withdrawn
from agentx_tui.status import Status, ram_bytes
from agentx_tui.view import View

RESUME = "/resume"
"""In the queue and in the prompt: goes on with the task that broke off."""


class Conversation:
    """One conversation with one agent.

    Args:
        prepare: makes the setup, in the engine's thread.
        wake: called from the engine's thread where there is something to `take`.

    Attributes:
        setup: None until it is prepared.
        broken: why it could not be.
        queue: what was sent while the agent worked, in order.
        waiting: what waits for the person's word, oldest first.
        failed: why the agent cannot take on a task, "" where it can.
        returned: what was sent and could not be taken on.
        broken_off: the task that can be gone on with, "" where there is none.
    """

    def __init__(self, prepare: Callable[[], Setup], wake: Callable[[], Any]) -> None:
        self.setup: Setup | None = None
        self.broken: Exception | None = None
        self.view = View()
        self.queue: list[str] = []
        self.waiting: list[Asking] = []
        self.inbox = Inbox(wake)
        self.engine = Engine(prepare, self.inbox.put)
        self._ready = False
        self._loading = "starting"
        self._fraction: float | None = None
        self.failed = ""
        self.returned: list[str] = []
        self.broken_off = ""
        self._sent = ""
        self._since: float | None = None
        self._stopping = False
        self._ram = 0

    @property
    def busy(self) -> bool:
        """Whether a task is under way, or has been handed over."""
        return bool(self._sent) or self.view.busy

    @property
    def pending(self) -> list[str]:
        """What was sent and is not a turn yet, oldest first."""
        return [self._sent, *self.queue] if self._sent else list(self.queue)

    def status(self) -> Status:
        elapsed = None if self._since is None else time.monotonic() - self._since
        return Status(self._loading, self._fraction, self.failed, elapsed, self._ram, self._stopping)

    def send(self, text: str, now: bool = False) -> None:
        """Hands a task over, or queues it while another is under way; `now` stops that one."""
        if now and self.busy:
            self.queue.insert(0, text)
            self.stop()
        else:
            self.queue.append(text)
            self._next()

    def go_on(self) -> bool:
        """Goes on with the task that broke off; False if there is none."""
        if self.broken_off and RESUME not in self.pending:
            self.queue.insert(0, RESUME)
            self._next()
        return bool(self.broken_off)

    def unqueue(self) -> str | None:
        """Takes back what was queued last."""
        return self.queue.pop() if self.queue else None

    def stop(self) -> bool:
        """Stops the turn; True if there was one."""
        if self.busy:
            self._stopping = True
            self.engine.cancel()
        return self.busy

    def renew(self) -> None:
        """Begins a conversation without a past."""
        self.engine.renew()
        self.broken_off = ""
        self.view = View(model=self.view.model, context_tokens=self.view.context_tokens)

    def take(self) -> None:
        """Takes what has happened since the last time into the view."""
        for item in self.inbox.take():
            match item:
                case Prepared():
                    self.setup = item.setup
                    self.view = replace(self.view, model=item.setup.settings.model or "default")
                case Unprepared():
                    self.broken = item.error
                case Loading():
                    self._loading, self._fraction, self.failed = item.text, item.fraction, ""
                case BrokenOff():
                    self.broken_off = item.task
                case LoadFailed():
                    self._loading, self.failed = "", item.sentence
                case Idle():
                    self._ready, self._loading = True, ""
                    self._over()
                    if not self.failed:
                        self._next()
                case Asking():
                    self.waiting.append(item)
                case Withdrawn():
                    self.waiting = [asking for asking in self.waiting if asking is not item.asking]
                case _:
                    self._fold(item)

    def _fold(self, event: Event) -> None:
        self.view = reduce(self.view, event)
        self._ram = ram_bytes()
        if self.view.busy:
            # A new task gives the one before up.
            self._sent = self.broken_off = ""

    def _over(self) -> None:
        # What was handed over and has come to nothing, not even to a turn, is the person's again.
        self.returned += [self._sent] if self._sent else []
        self._sent, self._since, self._stopping = "", None, False
        self._ram = ram_bytes()

    def _next(self) -> None:
        if self.queue and self._ready and not self.busy:
            self._hand_over(self.queue.pop(0))

    def _hand_over(self, text: str) -> None:
        self._sent, self._since, self._ready, self.failed = text, time.monotonic(), False, ""
        assert self.setup is not None
        if text == RESUME:
            self.engine.go_on()
        else:
            self.engine.run(without_marks(text, self.setup.workspace))
