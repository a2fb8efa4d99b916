"""Which turn the conversation is to go back before: its files go back too."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.widgets.option_list import Option

from agentx.cli import failures
from agentx.threads import in_thread
from agentx_tui import archive, keymap
from agentx_tui.archive import PastTurn
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.screens.foot import ESC, foot, keys_of
from agentx_tui.screens.rows import Rows

MAX_FILES = 6


class RewindPage(ModalScreen[PastTurn | None]):
    """Gives the turn that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keymap.bindings("rewind"),
        Binding("escape,q", "dismiss(None)", show=False),
    ]

    def __init__(self, session_id: str, glyphs: Glyphs, wanted_keys: Mapping[str, str]) -> None:
        super().__init__()
        self._session_id, self._glyphs, self._keys = session_id, glyphs, wanted_keys
        self._turns: list[PastTurn] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet"):
            yield Static(
                Content.assemble(
                    ("Rewind", "bold $primary"), ("  go back to before a turn, and its files too", "$foreground 55%")
                ),
                id="title",
            )
            yield Rows(id="rows")
            yield Static(id="empty")
            yield Static(id="note")
            yield Static(id="foot")

    def on_mount(self) -> None:
        self._say("looking" + self._glyphs.ellipsis)
        self.query_one(Rows).focus()
        self.run_worker(self._read(), exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            self._turns = await in_thread(lambda: archive.turns(self._session_id), name="agentx-sessions")
        except Exception as error:
            self._say(failures.describe(error)[0], failed=True)
            return
        self._draw(len(self._turns) - 1)
        if not self._turns:
            self._say("Nothing was said yet that could be taken back; write what is to be done.")

    def _draw(self, at: int) -> None:
        rows = self.query_one(Rows)
        width = max(10, self.query_one("#sheet").content_size.width - 3)
        rows.set_options([Option(row(turn, width, self._glyphs)) for turn in self._turns])
        rows.highlighted = at if self._turns else None
        rows.display = bool(self._turns)
        self.query_one("#empty").display = False

    def _say(self, text: str, failed: bool = False) -> None:
        empty = self.query_one("#empty", Static)
        empty.set_class(failed, "-error")
        empty.update(Content(line(text, 600)))
        empty.display = True
        self.query_one(Rows).display = False
        self._feet()

    def _feet(self) -> None:
        self.query_one("#foot", Static).update(foot([*keys_of("rewind", self._keys), ESC], self.size.width - 6))

    def on_resize(self) -> None:
        self._feet()
        if self._turns:
            self.call_after_refresh(self._draw, self.query_one(Rows).highlighted or 0)

    def on_option_list_option_highlighted(self) -> None:
        at = self.query_one(Rows).highlighted
        gone = self._turns[at:] if at is not None else []
        self.query_one("#note", Static).update(Content(files_told(gone, self._glyphs)))

    def action_choose(self) -> None:
        at = self.query_one(Rows).highlighted
        if at is not None and at < len(self._turns):
            self.dismiss(self._turns[at])


def row(turn: PastTurn, width: int, glyphs: Glyphs) -> Content:
    """A turn on one line."""
    facts = [f"{turn.calls} {'call' if turn.calls == 1 else 'calls'}"] if turn.calls else []
    facts += [f"{len(turn.changed)} {'file' if len(turn.changed) == 1 else 'files'}"] if turn.changed else []
    right = f" {glyphs.dot} ".join(facts)
    task = line(turn.task, max(4, width - len(right) - 4))
    left = Content.assemble((f"{glyphs.user} ", "$primary"), (task, "$foreground"))
    gap = max(1, width - left.cell_length - len(right))
    return left + Content(" " * gap) + Content.styled(right, "$foreground 50%")


def files_told(gone: Sequence[PastTurn], glyphs: Glyphs) -> str:
    """Which files go back with these turns."""
    changed = list(dict.fromkeys(path for turn in gone for path in turn.changed))
    if not changed:
        return ""
    rest = f" and {len(changed) - MAX_FILES} more" if len(changed) > MAX_FILES else ""
    return f"go back too: {', '.join(line(path, 60) for path in changed[:MAX_FILES])}{rest}"
