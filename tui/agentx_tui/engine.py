"""Runs the agent in a thread of its own, with an event loop of its own, so that nothing it does can hold up the screen.

What happens reaches the screen as events of the run and as the few signals below, in order; what the person decides
goes back the same way.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from agentx.cli import aio, failures
from agentx.cli.setup import Setup
from agentx.events import Event, ModelLoaded, RunFinished
from agentx.messages import ToolCall, Usage
from agentx.policy import ApprovalRequest, Decision
from agentx_tui.signals import Asking, BrokenOff, Idle, LoadFailed, Loading, Prepared, Signal, Unprepared, Withdrawn

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.doubt import Settlement
    from agentx.session import Session

GO_ON = ""
"""In the place of a task: the one that broke off."""
END_S = 3.0
"""How long the end of the screen waits for the agent to let go."""


class Engine:
    """One agent and its conversation.

    Args:
        prepare: makes the setup, which reads settings and imports tools.
        post: called in the engine's thread with each event and signal; must not block.
    """

    def __init__(self, prepare: Callable[[], Setup], post: Callable[[Event | Signal], None]) -> None:
        self._prepare = prepare
        self._post = post
        self._thread = threading.Thread(target=self._work, name="agentx-engine", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: asyncio.Queue[str | None] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None
        self._agent: Agent | None = None
        self._session: Session | None = None
        self._renewed = False
        self._seen = 0

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def run(self, task: str) -> None:
        """Takes on a task once those before it are over."""
        self._call(self._tasks.put_nowait, task)

    def go_on(self) -> None:
        """Takes the task of a session up where it broke off."""
        self._call(self._tasks.put_nowait, GO_ON)

    def cancel(self) -> None:
        """Stops the turn that is under way; what was said so far stays."""
        self._call(self._cancel)

    def renew(self) -> None:
        """The next task begins a conversation without a past."""
        self._call(self._forget)

    def answer(self, asking: Asking, word: Decision | str | None) -> None:
        """What the person says; too late a word is dropped."""

        def give() -> None:
            if not asking.answer.done():
                asking.answer.set_result(word)

        self._call(give)

    def close(self) -> None:
        """Stops what is under way and ends the thread, but does not wait long for it."""
        self._call(self._cancel)
        self._call(self._tasks.put_nowait, None)
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

    def _work(self) -> None:
        with aio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        try:
            self._setup = self._prepare()
        except Exception as error:
            self._post(Unprepared(error))
            return
        self._post(Prepared(self._setup))
        if self._setup.resumed:
            self._post_past(self._setup.resumed)
        loaded = False
        while True:
            loaded = loaded or await self._stoppable(self._load())
            self._post(Idle())
            task = await self._tasks.get()
            if task is None:
                return
            loaded = loaded or await self._stoppable(self._load())
            if loaded:
                await self._stoppable(self._turn(task))

    def _post_past(self, session_id: str) -> None:
        """What was said before in a session that goes on."""
        from agentx.history import in_force, runs
        from agentx.journal import Journal

        with Journal.default() as journal:
            numbered = journal.numbered(session_id)
        self._seen = len(numbered)
        past = [event for _, event in in_force(numbered)]
        if past and not isinstance(past[-1], RunFinished):
            past.append(RunFinished("interrupted", None, "The run broke off.", 0, Usage()))
        for event in past:
            self._post(event)
        found = runs(numbered)
        if found and found[-1].is_unfinished:
            self._post(BrokenOff(found[-1].started.task))

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

    async def _load(self) -> None:
        """Fetches and loads the model before the first task needs it."""
        from agentx.models import open_model
        from agentx.threads import in_thread
        from agentx_tui.loading import Telling

        started = time.perf_counter()
        settings = self._setup.settings
        self._post(Loading("loading the model"))
        sink = Telling(self._post)
        model = await in_thread(
            lambda: open_model(
                settings.model,
                threads=settings.threads,
                context_tokens=settings.context_tokens,
                progress=sink,
            ),
            name="agentx-load",
        )
        build = {"context_tokens": model.context_tokens}
        self._post(ModelLoaded(model.name, time.perf_counter() - started, build))

    async def _turn(self, task: str) -> None:
        begun = ended = False
        try:
            if self._agent is None:
                self._agent = self._setup.agent(self._approve, self._ask, self._settle)
            if self._session is None:
                self._session = self._agent.session() if self._renewed else self._setup.session(self._agent)
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

    def _finish(self, otherwise: RunFinished) -> None:
        """Posts what the journal has of a turn beyond what was streamed: its end, and what was still under way."""
        rest: list[Event] = []
        try:
            journal: Any = self._agent.open_journal() if self._agent else None
            if journal is not None and self._session is not None and self._session.id:
                rest = journal.events(self._session.id)[self._seen :]
        except Exception as error:
            failures.record(error)
        if not rest or not isinstance(rest[-1], RunFinished):
            rest.append(otherwise)
        self._seen += len(rest)
        for event in rest:
            self._post(event)

    async def _approve(self, request: ApprovalRequest) -> Decision:
        return await self._person(request) or Decision(False, "the user said no")

    async def _ask(self, question: str) -> str | None:
        return await self._person(question)

    async def _settle(self, call: ToolCall) -> "Settlement":
        return await self._person(call) or "stop"

    async def _person(self, asked: ApprovalRequest | ToolCall | str) -> Any:
        asking = Asking(asked, asyncio.get_running_loop().create_future())
        self._post(asking)
        try:
            return await asking.answer
        finally:
            self._post(Withdrawn(asking))
