"""The page of sessions: one is gone on with, forked, shown again, renamed, written out or deleted."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from agentx_tui import archive, keymap
from agentx_tui.going_on import Fork, Resume, Wish
from agentx_tui.printable import line
from agentx_tui.screens.asking import Entry, YesNo
from agentx_tui.screens.choice import Choice
from agentx_tui.screens.replay import ReplayPage
from agentx_tui.screens.sessions_list import SessionsList

FORMS = {"m": "Markdown", "h": "HTML", "j": "JSON Lines"}
_NAMES = {"m": "md", "h": "html", "j": "jsonl"}
_OWN = "This is the conversation on the screen; begin another first (/new)."


class SessionsPage(SessionsList):
    """True where the conversation goes on in another session."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keymap.bindings("sessions"),
        Binding("ctrl+r", "resume", show=False),
        Binding("escape", "back", show=False),
        Binding("f4", "dismiss(False)", show=False),
    ]

    def action_resume(self) -> None:
        if (entry := self.current) is None:
            return
        if entry.id == self._conversation.view.session_id and not self._conversation.failed:
            self.dismiss(False)
        elif entry.state == "running":
            self._say("Another process works on this session; wait for its end, or fork it.")
        else:
            self._take_up(Resume(entry.id))

    def action_fork(self) -> None:
        if entry := self.current:
            self._take_up(Fork(entry.id))

    def _take_up(self, wish: Wish) -> None:
        if refused := self._conversation.take_up(wish):
            self._say(refused)
        else:
            self.dismiss(True)

    def action_rename(self) -> None:
        if (entry := self.current) is None:
            return

        def named(title: str | None) -> None:
            if title is not None:
                self._change(lambda: archive.rename(entry.id, title), entry.id, "Renamed.")

        asked = "What the list is to call it:"
        self.app.push_screen(Entry(asked, example=line(entry.row.task, 60), value=entry.row.title), named)

    def action_delete(self) -> None:
        if (entry := self.current) is None:
            return
        if entry.id == self._conversation.view.session_id:
            self._say(_OWN)
            return

        def deleted(sure: bool | None) -> None:
            if sure:
                self._change(lambda: archive.remove(entry.id), entry.id, "Deleted.")

        turns = "its turn" if entry.turns == 1 else f"its {entry.turns} turns"
        asked = f"Delete “{line(entry.name, 60)}” with {turns} for good?"
        self.app.push_screen(YesNo(asked, "delete", "keep"), deleted)

    def action_export(self) -> None:
        if (entry := self.current) is None:
            return

        def chosen(key: str | None) -> None:
            if key is not None:
                self._work(
                    lambda: archive.export(entry.id, _NAMES[key], self._folder),
                    lambda path: self._say(f"Written to {path}"),
                    self._say,
                    "export",
                )

        self.app.push_screen(Choice(f"Write “{line(entry.name, 60)}” to a file of {self._folder}, as", FORMS), chosen)

    def action_replay(self) -> None:
        if entry := self.current:
            self.app.push_screen(ReplayPage(entry.id, entry.name, self._glyphs, self._keys))

    def _change(self, work: Callable[[], None], pointed: str, told: str) -> None:
        def over(_: None) -> None:
            self._load(pointed, told)

        self._work(work, over, self._say, "change")
