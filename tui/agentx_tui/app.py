"""The terminal UI: shows a conversation's views and passes on what the person does. What follows is elsewhere."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from agentx import folders
from agentx_tui import garbage, keymap, skeleton, styles, terminal, theme
from agentx_tui.actions import Actions
from agentx_tui.fetching import Fetching
from agentx_tui.glyphs import ASCII, UNICODE
from agentx_tui.history import History
from agentx_tui.preferences import Preferences
from agentx_tui.printable import line, prose
from agentx_tui.widgets.bars import HeadBar, StatusBar
from agentx_tui.widgets.offers import Offers
from agentx_tui.widgets.prompt import Prompt
from agentx_tui.widgets.sidebar import Sidebar
from agentx_tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from agentx.cli.setup import Setup
    from agentx_tui.weights import Weights

TICK_S = 0.4


class AgentXApp(Actions, Fetching, App[int]):
    """Everything on one screen; pages over it are pushed by `Actions`."""

    TITLE = "AgentX"
    CSS_PATH = [*styles.FIRST]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings("everywhere", "decision", "blocks")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-medium"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (12, "-tall")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True

    class Files(Message):
        """The workspace was looked through for the completion of paths."""

        def __init__(self, names: list[str]) -> None:
            super().__init__()
            self.names = names

    def __init__(
        self,
        prepare: "Callable[[], Setup]",
        preferences: Preferences | None = None,
        weights: "Weights | None" = None,
    ) -> None:
        super().__init__(prepare, weights)
        self.preferences = preferences or Preferences()
        self.glyphs = ASCII if self.preferences.ascii else UNICODE
        self.history = History(folders.data_dir() / "history.jsonl")
        self._ticker: Timer | None = None
        self._late: Timer | None = None
        self._shown_at = self._ticked_at = 0.0
        self._problem = ""
        self._looking = False
        if self.preferences.ascii:
            from agentx_tui.ascii_filter import AsciiFilter

            self._filters.append(AsciiFilter())
            self.css_path.insert(0, styles.ASCII)
        theme.begin_with(self, theme.wanted(self.preferences.theme, os.environ))
        self.wanted_keys, self._problems = keymap.remapped(self.preferences.keys)
        self.set_keymap(self.wanted_keys)

    def compose(self) -> ComposeResult:
        glyphs = self.glyphs
        offers = Offers(id="offers")
        yield HeadBar(glyphs, id="head")
        with Horizontal(id="body"):
            with Vertical(id="main"):
                yield Static(self._welcome(), id="welcome")
                yield Transcript(glyphs, id="transcript")
                yield Static("", id="below")
            yield Sidebar(glyphs, id="sidebar")
        yield Static("", id="problem")
        yield Static("", id="queue")
        yield offers
        with Horizontal(id="input"):
            yield Static(Content(glyphs.prompt), id="sign")
            yield Prompt(self.history, offers, self.wanted_keys, id="prompt")
        yield StatusBar(glyphs, self.wanted_keys, id="status")

    def _welcome(self) -> Content:
        return Content.assemble(
            (f"{skeleton.TITLE}\n", "bold $foreground"),
            (skeleton.HINT, ""),
            ("" if self.history.is_begun else "\nNew here? /tour shows in five cards what there is.", ""),
        )

    def on_mount(self) -> None:
        if not self.is_headless:
            terminal.on_ending_signals(lambda number: self.exit(return_code=128 + number))
        self.set_class(self.preferences.ascii, "-ascii")
        self.main.query_one("#queue").display = False
        self.transcript.display = False
        self.prompt.focus()
        self.call_after_refresh(self.begin)
        # A key may open a page before that, and what is under a page is not drawn until it is gone.
        self.screen_change_signal.subscribe(self, self._begin_over)
        for problem in (*self.preferences.problems, *self._problems):
            self.tell(problem, "warning")

    def _begin_over(self, page: Screen[Any]) -> None:
        page.call_after_refresh(self.begin)

    async def furnish(self) -> None:
        styles.read_later(self)
        await self.main.mount(self.dock, before="#problem")

    def _set_up(self, setup: "Setup") -> None:
        self.main.query_one(HeadBar).set_up(setup)
        self.dock.workspace = setup.workspace
        for notice in setup.notices:
            self.tell(notice, "warning")
        self.on_prompt_files_wanted()

    def on_prompt_files_wanted(self) -> None:
        setup = self.conversation.setup
        if setup is None or self._looking:
            return
        self._looking = True

        def look() -> None:
            from agentx_tui.completion import files_below

            self.post_message(self.Files(files_below(setup.workspace)))

        asyncio.get_running_loop().run_in_executor(None, look)

    def on_agent_xapp_files(self, event: Files) -> None:
        self._looking = False
        self.prompt.take_files(event.names)

    def on_unmount(self) -> None:
        self.conversation.engine.close()

    def on_late_arrived(self) -> None:
        wait_s = self.conversation.inbox.wait_s()
        if wait_s <= 0:
            self.take()
        elif self._late is None:
            self._late = self.set_timer(wait_s, self.take)

    def take(self) -> None:
        """Takes what has happened into the view, and shows it."""
        self._late = None
        if not self.screen_stack:  # what comes while the app ends
            return
        before = set(self.conversation.waiting)
        had_setup, was_busy = self.conversation.setup, self.conversation.busy
        had_missing = self.conversation.missing
        self.conversation.take()
        if self.conversation.broken is not None:
            self.exit(return_code=1)
            return
        setup = self.conversation.setup
        if setup is not None and (had_setup is None or setup.settings is not had_setup.settings):
            self._set_up(setup)
        for sentence, severity in self.conversation.told:
            self.tell(sentence, severity)
        self.conversation.told.clear()
        now = self.conversation.waiting
        for asking in now:
            if asking not in before:
                self.dock.put(asking)
        for asking in before.difference(now):
            self.dock.withdraw(asking)
        if returned := self.conversation.returned:
            self.prompt.give_back(*returned)
            returned.clear()
        self.show()
        if self.conversation.missing is not had_missing:
            self.found_or_missing(self.conversation.missing)
        if was_busy and not self.conversation.busy:
            self.call_after_refresh(garbage.search)

    def show(self) -> None:
        conversation = self.conversation
        view, status = conversation.view, conversation.status()
        if view.turn is not None and not self.transcript.display:
            self.main.query_one("#welcome").display = False
            self.transcript.display = True
        self.transcript.show(view)
        self.main.query_one(HeadBar).show(view, conversation.mode)
        self.main.query_one(StatusBar).show(view, status)
        self.main.query_one(Sidebar).show(view, conversation.queue)
        self._show_queue()
        self._show_problem()
        self._shown_at = time.monotonic()
        if self._ticker is not None and self._shown_at - self._ticked_at >= TICK_S:
            self._advance()
        # Where all waits for the person, nothing moves.
        still = bool(conversation.waiting) and not (view.turn and view.turn.runs_tool)
        ticks = (conversation.busy and not still) or bool(status.loading)
        if ticks and self._ticker is None and not self.preferences.reduced_motion:
            self._ticker = self.set_interval(TICK_S, self._tick)
        elif not ticks and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def _show_queue(self) -> None:
        turn = self.conversation.view.turn
        rows = [f"{self.glyphs.up} {line(text, 180)} (at the next step)" for text in (turn.steering if turn else ())]
        rows += [f"{self.glyphs.pending} {line(text, 200)}" for text in self.conversation.pending]
        queue = self.main.query_one("#queue", Static)
        self.prompt.queued = bool(self.conversation.queue)
        if bool(rows) != queue.display or rows:
            queue.display = bool(rows)
            if len(rows) > 3:
                rows[3:] = [f"{self.glyphs.ellipsis} {len(rows) - 3} more"]
            queue.update(Content("\n".join(rows)))

    def _show_problem(self) -> None:
        problem = self.main.query_one("#problem", Static)
        failed, broken_off = self.conversation.failed, self.conversation.broken_off
        told = ""
        if failed:
            told = f"{self.glyphs.error} {prose(failed)} Send again to try again."
        elif self.conversation.missing is not None:
            told = f"{self.glyphs.notice} There is no model yet, a demo answers: /setup gets one."
        elif broken_off and not self.conversation.pending:
            told = f"{self.glyphs.notice} This task broke off: /resume goes on with it, a new message leaves it."
        if told != self._problem:
            self._problem, problem.display = told, bool(told)
            problem.set_class(not failed, "-note")
            problem.update(Content(told))

    def _tick(self) -> None:
        """Moves what moves by itself, unless a frame has just done so: each drawing costs."""
        if time.monotonic() - self._shown_at >= TICK_S:
            self._advance()

    def _advance(self) -> None:
        self._ticked_at = time.monotonic()
        bar = self.main.query_one(StatusBar)
        bar.tick()
        bar.show(self.conversation.view, self.conversation.status())
        self.transcript.tick()

    async def on_event(self, event: events.Event) -> None:
        # Here, since keys that decide go first and would overtake a letter on its way to the prompt.
        # Alt with a letter comes with that letter as its character, and is no typing.
        is_letter = isinstance(event, events.Key) and event.is_printable and "+" not in event.key
        if is_letter or isinstance(event, events.Paste):
            self.typed_at = time.monotonic()
        await super().on_event(event)

    async def on_key(self, event: events.Key) -> None:
        """What is typed while something else has the focus goes to the prompt."""
        elsewhere = self.focused is not self.prompt and len(self.screen_stack) == 1
        if elsewhere and event.is_printable and event.character and event.key not in self.active_bindings:
            self.prompt.focus()
            self.prompt.insert(event.character)
            event.stop()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        from agentx_tui import palette

        return palette.offered(self, self.wanted_keys)

    @property
    def main(self) -> Screen[Any]:
        """The screen of the conversation, whatever page is over it."""
        return self.screen_stack[0]

    @property
    def transcript(self) -> Transcript:
        return self.main.query_one(Transcript)

    @property
    def prompt(self) -> Prompt:
        return self.main.query_one(Prompt)
