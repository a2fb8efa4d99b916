"""The part of the app that gets models: what is fetched in the background, and what follows when it is there."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from agentx_tui.glyphs import Glyphs
from agentx_tui.late import Late

if TYPE_CHECKING:
    from agentx_tui.weights import Missing


class Fetching(Late):
    """Models that the person wants."""

    glyphs: Glyphs
    _wanted: str | None = None

    class ModelChanged(Message, bubble=False):
        """Sent to the page that is open: another model answers, or none does."""

    def show(self) -> None: ...
    def tell(self, text: str, severity: Any = "information") -> None: ...
    def action_show_setup(self) -> None: ...
    def action_show_tour(self) -> None: ...

    def on_unmount(self) -> None:
        self.pulls.close()

    def found_or_missing(self, missing: "Missing | None") -> None:
        """Called when it turns out that there is no model, and when there is one again."""
        if missing is None:
            self.tell(f"{self.conversation.view.model} is loaded; what you write goes to it now.")
            self._pass_on(self.ModelChanged())
        elif len(self.screen_stack) == 1:
            self.action_show_setup()

    def fetch(self, spec: str, use: bool = False) -> None:
        """Fetches a model in the background, or goes on with it.

        Args:
            use: once it is there, the conversation goes on with it.
        """
        try:
            self.pulls.start(spec)
        except OSError as error:
            self.tell(f"The fetching cannot be started ({error.strerror}); free some memory and try again.", "error")
            return
        if use:
            self._wanted = spec
        self._show_pulls()

    def mirror(self, url: str) -> None:
        """Asks this address in place of the hub, in this process and in those that it starts."""
        os.environ["HF_ENDPOINT"] = url

    def use(self, spec: str | None) -> bool:
        """Goes on with another model; why that cannot be done now is told."""
        if refusal := self.conversation.change_model(spec):
            self.tell(refusal, "warning")
        self.show()
        return not refusal

    def on_late_pulled(self, event: Late.Pulled) -> None:
        if not self.screen_stack:
            return
        progress = event.progress
        self._show_pulls()
        if progress.state == "done":
            self._arrived(progress.spec)
        elif progress.state == "failed" and len(self.screen_stack) == 1:
            self.tell(progress.told, "error")
        self._pass_on(event)

    def _arrived(self, spec: str) -> None:
        if self._wanted == spec and self.conversation.missing is not None:
            self._wanted = None
            missing = self.conversation.missing
            is_default = missing.spec is None and missing.entry is not None and missing.entry.name == spec
            # After the turn that may be under way: no refusal is meant here.
            self.conversation.engine.change_model(None if is_default else spec)
        else:
            self.tell(f"{Path(spec).name} is here; Enter in /model goes on with it.")

    def _show_pulls(self) -> None:
        from agentx_tui import pull_text

        latest = self.pulls.latest
        self.conversation.pulling = pull_text.short(latest, self.glyphs) if latest else ""
        self.show()

    def _pass_on(self, message: Message) -> None:
        page = self.screen
        if take := getattr(page, "take_news", None):
            take(message)
