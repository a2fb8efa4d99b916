"""The state of the screen: the view, the engine behind it, and what waits to be sent. Knows no widgets."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentx.cli.setup import Setup
from agentx.events import Event, ModelLoaded, SteeringUnheard
from agentx.models.catalog import named
from agentx_tui.completion import without_marks
from agentx_tui.decoder import DEMO
from agentx_tui.engine import Engine
from agentx_tui.inbox import Inbox
from agentx_tui.reducer import reduce
from agentx_tui.signals import (
    Asking,
    Changed,
    Idle,
    LoadFailed,
    Loading,
    NoModel,
    NotSteered,
    NotTakenUp,
    Prepared,
    TakenUp,
    Told,
    Unprepared,
    Withdrawn,
)
from agentx_tui.status import NO_MODEL, Status, ram_bytes
from agentx_tui.stopwatch import Stopwatch
from agentx_tui.view import View

if TYPE_CHECKING:
    from agentx_tui.going_on import Wish
    from agentx_tui.weights import Missing, Weights

RESUME = "/resume"
"""In the queue and in the prompt: goes on with the task that broke off."""

CONVERSATION, START = "new conversation", "next start"
"""What a changed setting may wait for."""


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
        told: sentences for the person, each with its severity; who shows them takes them out.
        mode: what happens to calls that need an approval; "" until the setup is prepared.
        changes: settings that were changed and do not count yet, each with what it waits for.
        missing: why a demo answers and no model; None where there is one, and until that is known.
        pulling: on a model that is being fetched, for the status line.
    """

    def __init__(self, prepare: Callable[[], Setup], wake: Callable[[], Any], weights: "Weights | None" = None) -> None:
        self.setup: Setup | None = None
        self.broken: Exception | None = None
        self.view = View()
        self.queue: list[str] = []
        self.waiting: list[Asking] = []
        self.inbox = Inbox(wake)
        self.engine = Engine(prepare, self.inbox.put, weights)
        self._ready = False
        self._loading = "starting"
        self._fraction: float | None = None
        self.failed = ""
        self.returned: list[str] = []
        self.broken_off = ""
        self.told: list[tuple[str, str]] = []
        self.mode = ""
        self.changes: dict[str, str] = {}
        self.missing: Missing | None = None
        self.pulling = ""
        self._taking = False
        self._draft = ""
        self._sent = ""
        self._watch = Stopwatch()
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
        return Status(
            self._loading, self._fraction, self.failed, self._watch.elapsed_s, self._ram, self._stopping, self.pulling
        )

    def send(self, text: str, steer: bool = False) -> None:
        """Hands a task over, or queues it while another is under way; `steer` adds it to that one."""
        if steer and self.busy and not self._stopping and self.setup is not None:
            self.engine.steer(without_marks(text, self.setup.workspace))
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

    def renew(self) -> str:
        """Begins a conversation without a past; "" or why that cannot be done now. What was queued goes to it."""
        if refusal := self._settling:
            return refusal
        self.engine.renew()
        self.changes = {key: until for key, until in self.changes.items() if until != CONVERSATION}
        self.broken_off = ""
        self.view = View(model=self.view.model, context_tokens=self.view.context_tokens)
        return ""

    def take_up(self, wish: "Wish", draft: str = "") -> str:
        """Goes on with another session, or from an earlier turn; "" or why that cannot be done now.

        Args:
            draft: is `returned` once that is done.
        """
        if refusal := self.refusal or (DEMO if self.missing else ""):
            return refusal
        self._taking, self._ready, self._loading = True, False, "taking the session up"
        self._draft = draft
        self.engine.take_up(wish)
        return ""

    @property
    def refusal(self) -> str:
        """Why the conversation cannot be changed now; "" where it can."""
        if self.queue and not self.busy:
            return "What you have sent waits for the model; take it back first (Up in the empty prompt)."
        return self._settling

    @property
    def _settling(self) -> str:
        """As `refusal`, whatever is queued."""
        if self.busy:
            return "The agent works; stop it first (Esc)."
        if self._taking:
            return "Another session or model is being taken up; try again in a moment."
        return "The settings are being read; try again in a moment." if self.setup is None else ""

    def change_model(self, model: str | None) -> str:
        """Goes on with another model, in the same session; "" or why that cannot be done now."""
        if refusal := self.refusal:
            return refusal
        self._taking, self._ready, self._loading = True, False, "looking for the model"
        self.engine.change_model(model)
        return ""

    def set_mode(self, mode: str) -> str:
        """Changes the mode, from the next call of a tool on; what waits for an approval still does.

        Returns:
            "", or why that cannot be done now.
        """
        if self._settling and not self.busy:
            return self._settling  # the mode of what comes is not known yet
        self.mode = mode
        self.engine.change("mode", mode)
        return ""

    def change(self, key: str, value: Any) -> None:
        """Has a setting count from the next new conversation on."""
        self.changes[key] = CONVERSATION
        self.engine.change(key, value)

    def take(self) -> None:
        """Takes what has happened since the last time into the view."""
        for item in self.inbox.take():
            match item:
                case Prepared():
                    self.setup = item.setup
                    self.mode = item.setup.settings.mode
                    self.view = replace(self.view, model=named(item.setup.settings.model))
                case Unprepared():
                    self.broken = item.error
                case Loading():
                    self._loading, self._fraction, self.failed = item.text, item.fraction, ""
                case TakenUp():
                    self._taken_up(item)
                case NotTakenUp():
                    self._taking, self._draft = False, ""
                    self.told.append((item.sentence, "warning"))
                case NoModel():
                    self.missing, self._loading = item.missing, ""
                    self.view = replace(self.view, model=NO_MODEL)
                case Changed():
                    self.setup, self._taking = item.setup, self._taking and not item.asked
                case NotSteered():
                    self._not_heard([item.text])
                case Told():
                    self.told.append((item.sentence, "information"))
                case LoadFailed():
                    self._loading, self.failed = "", item.sentence
                case Idle() if self._taking:
                    pass  # it was so before the session was taken up, and another comes
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
        self._watch.hold(bool(self.waiting))

    def _taken_up(self, past: TakenUp) -> None:
        self.mode = past.mode
        model = past.view.model or named(past.setup.settings.model)
        size = past.view.context_tokens or self.view.context_tokens
        self.setup, self._taking, self.failed = past.setup, False, ""
        # The events of a fork name the session that they were copied from.
        self.view = replace(past.view, session_id=past.setup.resumed, model=model, context_tokens=size)
        self.broken_off = past.broken_off
        self.told += [(past.told, "information")] if past.told else []
        self.returned += [self._draft] if self._draft else []
        self._draft = ""

    def _not_heard(self, texts: list[str]) -> None:
        """What came too late for a task is the next one; the person's again where they have stopped it."""
        if self._stopping:
            self.returned += texts
        else:
            self.queue[:0] = texts
            self._next()

    def _fold(self, event: Event) -> None:
        if isinstance(event, SteeringUnheard):
            self._not_heard(event.texts)
        self.view = reduce(self.view, event)
        if isinstance(event, ModelLoaded) and event.name != NO_MODEL and self.missing is not None:
            # What a demo has said is in no session.
            self.missing, self.view = None, replace(self.view, session_id="")
        self._ram = ram_bytes()
        if self.view.busy:
            # A new task gives the one before up.
            self._sent = self.broken_off = ""

    def _over(self) -> None:
        # What was handed over and has come to nothing, not even to a turn, is the person's again.
        self.returned += [self._sent] if self._sent else []
        self._sent, self._stopping = "", False
        self._watch.reset()
        self._ram = ram_bytes()

    def _next(self) -> None:
        if self.queue and self._ready and not self.busy:
            self._hand_over(self.queue.pop(0))

    def _hand_over(self, text: str) -> None:
        self._sent, self._ready, self.failed = text, False, ""
        self._watch.start()
        assert self.setup is not None
        if text == RESUME:
            self.engine.go_on()
        else:
            self.engine.run(without_marks(text, self.setup.workspace))
