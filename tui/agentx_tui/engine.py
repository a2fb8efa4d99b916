"""Runs the agent in a thread of its own, with an event loop of its own, so that nothing it does can hold up the screen.

What happens reaches the screen as events of the run and as the few signals below, in order; what the person decides
goes back the same way.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from agentx.cli import aio, failures
from agentx.cli.setup import Setup
from agentx.errors import UsageError
from agentx.events import Event, RunFinished
from agentx.messages import Usage
from agentx.policy import Decision
from agentx_tui.decoder import Decoder, wanted
from agentx_tui.person import Person
from agentx_tui.signals import (
    Asking,
    Changed,
    Idle,
    LoadFailed,
    NotSteered,
    NotTakenUp,
    Prepared,
    Signal,
    TakenUp,
    Unprepared,
)
from agentx_tui.weights import Weights

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.session import Session
    from agentx_tui.going_on import Found, Wish

T = TypeVar("T")

GO_ON = ""
"""In the place of a task: the one that broke off."""
END_S = 3.0
"""How long the end of the screen waits for the agent to let go."""


@dataclass(frozen=True, slots=True)
class OtherModel:
    """In the place of a task: the model that is to be gone on with."""

    model: str | None


class Tasks(asyncio.Queue["str | OtherModel | Wish | None"]):
    """What is to be done, in order; None is the end.

    Attributes:
        ended: whether the end is all that comes.
    """

    ended = False

    def end(self) -> None:
        """Drops what waits: nobody is there any more for whom it would be done."""
        self.ended = True
        while not self.empty():
            self.get_nowait()
        self.put_nowait(None)


class Engine:
    """One agent and its conversation.

    Args:
        prepare: makes the setup, which reads settings and imports tools.
        post: called in the engine's thread with each event and signal; must not block.
        weights: where models come from.
    """

    def __init__(
        self, prepare: Callable[[], Setup], post: Callable[[Event | Signal], None], weights: Weights | None = None
    ) -> None:
        self._prepare = prepare
        self._decoder = Decoder(weights or Weights(), post)
        self._asked = Person(post).asked
        self._post = post
        self._thread = threading.Thread(target=self._work, name="agentx-engine", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks = Tasks()
        self._running: asyncio.Task[None] | None = None
        self._agent: Agent | None = None
        self._session: Session | None = None
        self._renewed = False
        self._changed: dict[str, Any] = {}
        self._loaded: tuple[object, ...] | None = None
        self._seen = 0

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def run(self, task: str) -> None:
        """Takes on a task once those before it are over."""
        self._call(self._tasks.put_nowait, task)

    def steer(self, text: str) -> None:
        """Adds something to the task that is under way; it comes back as `NotSteered` where none is."""
        self._call(lambda: _steered(self._session, text) or self._post(NotSteered(text)))

    def go_on(self) -> None:
        """Takes the task of a session up where it broke off."""
        self._call(self._tasks.put_nowait, GO_ON)

    def change_model(self, model: str | None) -> None:
        """Goes on with another model in the same session; the one before comes back where that cannot be loaded."""
        self._call(self._tasks.put_nowait, OtherModel(model))

    def cancel(self) -> None:
        """Stops the turn that is under way; what was said so far stays."""
        self._call(self._cancel)

    def renew(self) -> None:
        """The next task begins a conversation without a past."""
        self._call(self._forget)

    def take_up(self, wish: "Wish") -> None:
        """Goes on with another session, or from an earlier turn; only while no task is under way."""
        self._call(self._tasks.put_nowait, wish)

    def change(self, key: str, value: Any) -> None:
        """A setting that counts from the next new conversation on; the mode does from the next call of a tool on."""

        def change() -> None:
            self._changed[key] = value
            if key == "mode" and self._agent is not None:
                self._agent.policy.mode = value
                _note_mode(self._session)

        self._call(change)

    def answer(self, asking: Asking, word: Decision | str | None) -> None:
        """What the person says; too late a word is dropped."""
        self._call(asking.give, word)

    def with_agent(self, work: "Callable[[Agent], Coroutine[Any, Any, T]]") -> "Future[T]":
        """Runs something that needs the agent, in the engine's thread, which it must not hold up for long."""

        async def run() -> T:
            if self._agent is None:
                self._agent = self._made()
            return await work(self._agent)

        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def close(self) -> None:
        """Stops what is under way and ends the thread, but does not wait long for it."""
        self._call(self._tasks.end)
        self._call(self._cancel)
        if self._thread.is_alive():
            self._thread.join(END_S)

    def _call(self, function: Callable[..., Any], *args: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _forget(self) -> None:
        self._session, self._renewed = None, True
        self._seen = 0
        if self._changed:
            self._agent = None  # the next one has the settings that were changed meanwhile
            self._setup = _with(self._setup, self._changed)

    def _work(self) -> None:
        with aio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        try:
            self._setup = self._prepare()
            past = _past_of(self._setup)
        except Exception as error:
            self._post(Unprepared(error))
            return
        self._post(Prepared(self._setup))
        if past is not None:
            self._post_past(past)
        while not self._tasks.ended:
            await self._load_wanted()
            if self._tasks.empty():
                self._post(Idle())
            task = await self._tasks.get()
            if task is None:
                return
            if isinstance(task, OtherModel):
                await self._stoppable(self._change_model(task.model))
            elif not isinstance(task, str):
                self._take_up(task)
            elif await self._load_wanted() and not self._tasks.ended:
                await self._stoppable(self._turn(task))

    def _take_up(self, wish: "Wish") -> None:
        from agentx_tui import going_on

        current = self._session.id if self._session else "" if self._renewed else self._setup.resumed
        try:
            self._decoder.check()
            found = going_on.found(wish, self._setup, current)
            own = wish.session_id == current
            agent = (self._agent or self._made()) if own else found.setup.agent(*self._asked)
            session = agent.resume(found.setup.resumed)
        except Exception as error:
            self._post(NotTakenUp(failures.describe(error)[0]))
        else:
            if not own:
                self._changed.pop("mode", None)  # that of one conversation is not meant for another
            self._agent, self._session, self._setup, self._renewed = agent, session, found.setup, False
            self._post_past(found)

    def _post_past(self, found: "Found") -> None:
        self._seen = found.seen
        mode = _with(found.setup, self._changed).settings.mode
        self._post(TakenUp(found.setup, found.view, mode, found.broken_off, found.told))

    async def _stoppable(self, work: Coroutine[Any, Any, None]) -> bool:
        """Whether the work came to its end; a failure is told, a stop is none."""
        running = self._running = asyncio.ensure_future(work)
        try:
            await running
        except asyncio.CancelledError:
            return False
        except Exception as error:
            self._post(LoadFailed(failures.describe(error)[0]))
            return False
        finally:
            self._running = None
        return True

    async def _load_wanted(self) -> bool:
        """Whether the model that the settings name is loaded, which may take a while."""
        if self._decoder.is_lost:
            self._let_go(self._setup)
        if self._loaded != wanted(self._setup.settings):
            await self._stoppable(self._load())
        return self._loaded == wanted(self._setup.settings)

    async def _load(self) -> None:
        """Loads the model before the first task needs it."""
        was_demo = self._decoder.missing is not None
        setup = await self._decoder.load(self._setup)
        self._let_go(replace(setup, notices=[]), was_demo)  # an agent that was made before has another model, or none
        # A new conversation may have been begun meanwhile, with settings that were changed.
        self._setup = _with(self._setup, self._changed) if self._renewed else self._setup
        self._post(Changed(self._setup))

    async def _change_model(self, model: str | None) -> None:
        before, is_demo = self._setup, self._decoder.missing is not None
        setup = replace(self._decoder.on_other(before, model), notices=[])
        try:
            await self._decoder.change(before.settings, setup.settings)
        except Exception as error:
            self._let_go(before, is_demo)
            self._post(NotTakenUp(failures.describe(error)[0]))
            return
        self._changed.pop("model", None)
        self._let_go(setup, is_demo)
        self._post(Changed(setup, asked=True))

    def _let_go(self, setup: Setup, is_demo: bool = False) -> None:
        """The next task is for another agent in the same session, of which what a demo has said is no part."""
        if is_demo:
            past = None if self._renewed else _past_of(setup)
            self._seen = past.seen if past else 0
        elif self._session is not None and self._session.id:
            setup, self._renewed = replace(setup, resumed=self._session.id), False
        self._setup, self._agent, self._session = setup, None, None
        self._loaded = None if self._decoder.is_lost else wanted(setup.settings)

    async def _turn(self, task: str) -> None:
        begun = ended = False
        try:
            if self._agent is None:
                self._agent = self._made()
            if self._session is None:
                is_new = self._renewed or self._decoder.missing is not None
                self._session = self._agent.session() if is_new else self._setup.session(self._agent)
            events = self._session.stream_resumed() if task == GO_ON else self._session.stream(task)
            async for event in events:
                self._seen += 1
                begun = True
                ended = isinstance(event, RunFinished)
                self._post(event)
        except asyncio.CancelledError:
            if begun and not ended:
                self._finish(RunFinished("interrupted", None, "The run was interrupted.", 0, Usage()))
            raise
        except Exception as error:
            if not begun:  # not even the journal has heard of it
                raise
            self._finish(RunFinished("failed", None, failures.describe(error)[0], 0, Usage()))

    def _made(self) -> "Agent":
        has_past = bool(self._setup.resumed) and not self._renewed
        if not has_past:  # what a conversation begins with is its own from then on
            self._setup = _with(self._setup, self._changed)
        return self._decoder.agent(_with(self._setup, self._changed, has_past), *self._asked)

    def _finish(self, otherwise: RunFinished) -> None:
        """Posts what the journal has of a turn beyond what was streamed: its end, and what was still under way."""
        rest = _rest(self._agent, self._session, self._seen, otherwise)
        self._seen += len(rest)
        for event in rest:
            self._post(event)


def _past_of(setup: Setup) -> "Found | None":
    """What the journal has of the session that a setup resumes, if it does."""
    from agentx_tui import going_on

    return going_on.kept(setup) if setup.resumed else None


def _steered(session: "Session | None", text: str) -> bool:
    """Whether a task was under way that the text could be added to, and the journal has taken it."""
    try:
        if session is None:
            return False
        session.steer(text)
    except UsageError:
        return False
    except Exception as error:
        failures.record(error)
        return False
    return True


def _note_mode(session: "Session | None") -> None:
    """A journal that cannot be written at the moment does not keep the mode from counting."""
    try:
        if session is not None:
            session.note_mode()
    except Exception as error:
        failures.record(error)


def _with(setup: Setup, changed: dict[str, Any], has_past: bool = False) -> Setup:
    """The setup with settings that were changed; what `has_past` is played back, and only its mode may be another."""
    counts = {key: value for key, value in changed.items() if key == "mode" or not has_past}
    return replace(setup, settings=replace(setup.settings, **counts)) if counts else setup


def _rest(agent: "Agent | None", session: "Session | None", seen: int, otherwise: RunFinished) -> list[Event]:
    """What the journal has of a session beyond the events that were seen, with an end in any case."""
    rest: list[Event] = []
    try:
        if agent and session and session.id:
            rest = agent.open_journal().events(session.id)[seen:]
    except Exception as error:
        failures.record(error)
    return rest if rest and isinstance(rest[-1], RunFinished) else [*rest, otherwise]
