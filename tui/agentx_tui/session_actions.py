"""What is done with the session of the conversation: renamed, forked, written out, taken back to one of its turns."""

from collections.abc import Callable
from typing import Any, TypeVar

from agentx_tui.glyphs import Glyphs
from agentx_tui.late import Late
from agentx_tui.printable import line
from agentx_tui.widgets.prompt import Prompt

T = TypeVar("T")

_DEMO = "A demo answers, and what it says is kept nowhere; get a model first (/setup)."
_NOTHING = "Nothing was said yet; a session begins with what you send."


class SessionActions(Late):
    """The part of the app that is about the session as a whole."""

    glyphs: Glyphs
    wanted_keys: dict[str, str]

    @property
    def prompt(self) -> Prompt: ...
    def show(self) -> None: ...
    def tell(self, text: str, severity: Any = "information") -> None: ...

    def action_show_sessions(self) -> None:
        from agentx_tui.screens.sessions import SessionsPage

        def closed(goes_on: bool | None) -> None:
            if goes_on:
                self.show()

        self.push_screen(SessionsPage(self.conversation, self.glyphs, self.wanted_keys), closed)

    @property
    def _session_id(self) -> str:
        """Of the conversation; "" where nothing was said yet, which the person is then told."""
        if self.conversation.missing is not None:
            self.tell(_DEMO, "warning")
            return ""
        session_id = self.conversation.view.session_id
        if not session_id:
            self.tell(_NOTHING, "warning")
        return session_id

    def action_rename(self, name: str = "") -> None:
        session_id = self._session_id
        if not session_id:
            return
        if not name:
            self.prompt.put_aside("/rename ")
            return
        from agentx_tui import archive

        self._later(lambda: archive.rename(session_id, name), lambda _: f"This session is called {line(name, 80)} now.")

    def action_export(self, form: str = "") -> None:
        form = form.strip().lower() or "md"
        session_id, setup = self._session_id, self.conversation.setup
        if not session_id or setup is None:
            return
        from agentx_tui import archive

        folder = setup.workspace
        # What is on the screen, as it is now.
        picture = self.export_screenshot() if form == "svg" else ""
        self._later(lambda: archive.export(session_id, form, folder, picture), lambda path: f"Written to {path}")

    def _later(self, work: Callable[[], T], told: Callable[[T], str]) -> None:
        """Does what blocks in a thread, and tells what came of it."""
        from agentx.cli import failures
        from agentx.threads import in_thread

        async def wait() -> None:
            try:
                result = await in_thread(work, name="agentx-sessions")
            except Exception as error:
                self.tell(failures.describe(error)[0], "warning")
            else:
                self.tell(told(result))

        self.run_worker(wait(), group="session")

    def action_fork(self) -> None:
        from agentx_tui.going_on import Fork

        if session_id := self._session_id:
            self._told(self.conversation.take_up(Fork(session_id)))

    def action_rewind(self) -> None:
        from agentx_tui.going_on import Rewind
        from agentx_tui.screens.rewind import RewindPage

        if self.conversation.busy:
            self.tell("The agent works; stop it first (Esc).", "warning")
            return
        session_id = self._session_id
        if not session_id:
            return

        def chosen(turn: Any) -> None:
            if turn is not None:
                self._told(self.conversation.take_up(Rewind(session_id, turn.number), turn.task))

        self.push_screen(RewindPage(session_id, self.glyphs, self.wanted_keys), chosen)

    def _told(self, refused: str) -> None:
        if refused:
            self.tell(refused, "warning")
        self.show()
