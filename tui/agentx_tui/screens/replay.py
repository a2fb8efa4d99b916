"""A session shown again as it happened: to be looked at, not to be gone on with."""

import time
from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static

from agentx.cli import failures
from agentx.threads import in_thread
from agentx_tui import archive, keymap
from agentx_tui.glyphs import Glyphs
from agentx_tui.player import Player
from agentx_tui.printable import line
from agentx_tui.screens.foot import ESC, foot, keys_of
from agentx_tui.status import clock
from agentx_tui.widgets.bars import MEDIUM
from agentx_tui.widgets.transcript import Transcript

SPEEDS = (1.0, 4.0, 16.0)
FRAME_S = 0.08
"""Between two looks at the clock, at least; while nothing happens there is none."""
BAR_CELLS = 20
"""Half of that where there is little room."""


class ReplayPage(ModalScreen[None]):
    """Plays one session, at the pace in which it was recorded to begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keymap.bindings("replay"),
        Binding("escape,q", "dismiss", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, session_id: str, name: str, glyphs: Glyphs, wanted_keys: Mapping[str, str]) -> None:
        super().__init__()
        self._session_id, self._called = session_id, name
        self._glyphs, self._keys = glyphs, wanted_keys
        self.player = Player(())
        self.speed = SPEEDS[0]
        self.playing = False
        self._since = 0.0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet"):
            yield Static(id="title")
            yield Transcript(self._glyphs, id="transcript")
            yield Static(id="empty")
            yield Static(id="progress")
            yield Static(id="foot")

    async def on_mount(self) -> None:
        self.query_one("#title", Static).update(
            Content.assemble(
                (" replay ", "bold $background on $secondary"),
                (f"  {line(self._called, 120)}", "bold"),
                ("  read-only", "$foreground 50%"),
            )
        )
        self._say("looking" + self._glyphs.ellipsis)
        self.run_worker(self._read(), exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            player = await in_thread(lambda: _player(self._session_id), name="agentx-sessions")
        except Exception as error:
            self._say(failures.describe(error)[0], failed=True)
            return
        if not player.events:
            self._say("Nothing has happened in this session.")
            return
        self.query_one("#empty").display = False
        self.player = player
        self.action_pause()

    def _say(self, text: str, failed: bool = False) -> None:
        empty = self.query_one("#empty", Static)
        empty.set_class(failed, "-error")
        empty.update(Content(line(text, 600)))
        empty.display = True
        self._feet()

    def _feet(self) -> None:
        self.query_one("#foot", Static).update(foot([*keys_of("replay", self._keys), ESC], self.size.width - 6))

    def on_resize(self) -> None:
        self._feet()
        self._show()

    def on_transcript_moved(self, event: Transcript.Moved) -> None:
        # It is not the conversation's.
        event.stop()

    def _show(self) -> None:
        player, glyphs = self.player, self._glyphs
        self.query_one(Transcript).show(player.view)
        is_narrow = self.size.width < MEDIUM
        cells = BAR_CELLS // 2 if is_narrow else BAR_CELLS
        full = round(cells * player.at / len(player.events)) if player.events else 0
        state = "end" if player.over else f"{self.speed:.0f}x" if self.playing else "paused"
        facts = [
            f"{glyphs.full * full}{glyphs.empty * (cells - full)}",
            f"{'' if is_narrow else 'event '}{player.at:,}/{len(player.events):,}",
            f"{clock(player.played_s)}/{clock(player.length_s)}",
            state,
        ]
        self.query_one("#progress", Static).update(Content((" " if is_narrow else "   ").join(facts)))

    def _play(self, playing: bool) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.playing = playing and not self.player.over
        if self.playing:
            self._since = time.monotonic()
            self._wait()
        self._show()

    def _wait(self) -> None:
        self._timer = self.set_timer(max(FRAME_S, self.player.next_in_s / self.speed), self._frame)

    def _frame(self) -> None:
        now = time.monotonic()
        self.player.go_by((now - self._since) * self.speed)
        self._since = now
        if self.player.over:
            self._play(False)
        else:
            self._wait()
            self._show()

    def action_pause(self) -> None:
        if self.player.over:
            self.player.seek(0)
        self._play(not self.playing)

    def action_step(self, by: int) -> None:
        self.player.seek(self.player.at + by)
        self._play(False)

    def action_speed(self) -> None:
        self.speed = SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)]
        self._play(self.playing)

    def action_start(self) -> None:
        self.player.seek(0)
        self._play(False)

    def action_end(self) -> None:
        self.player.seek(len(self.player.events))
        self._play(False)

    def action_scroll(self, by: int) -> None:
        self.query_one(Transcript).scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        transcript = self.query_one(Transcript)
        transcript.scroll_relative(y=by * max(1, transcript.size.height - 2), animate=False)


def _player(session_id: str) -> Player:
    """At the beginning of a session; blocks."""
    player = Player(archive.recorded(session_id))
    # The views on the way are made and kept here, so that no step takes long on the screen.
    player.seek(len(player.events))
    player.seek(0)
    return player
