"""The page of the models: which there are, which one answers; fetched, checked, removed and changed here."""

from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from agentx.errors import AgentXError
from agentx.models.listing import Listed
from agentx.models.progress import megabytes
from agentx_tui import keymap
from agentx_tui.printable import line
from agentx_tui.screens.asking import YesNo
from agentx_tui.screens.models_list import ModelsList


class ModelsPage(ModelsList):
    """Stands still until something is fetched or asked for; what takes long is done in threads beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keymap.bindings("models"),
        Binding("escape,ctrl+l", "dismiss", show=False),
    ]

    def on_option_list_option_selected(self) -> None:
        item = self._pointed
        if item is None:
            return
        if not item.decodes:
            self._tell(f"{item.name} serves the memory and cannot talk; point at another.", wrong=True)
        elif self._is_in_use(item):
            self._tell(f"{line(item.name, 80)} is the one that answers.")
        elif item.presence in ("absent", "begun"):
            self._fetch(item, use=True)
        elif item.presence == "damaged":
            again = "; p fetches it again" if item.entry else ""
            self._tell(f"{line(item.name, 80)} cannot be used ({item.problem.rstrip('.')}){again}.", wrong=True)
        elif item.verdict == "too large":
            question = (
                f"{item.name} takes {megabytes(item.needed)} of RAM, more than this machine has. Load it all the same?"
            )
            self.app.push_screen(YesNo(question, "load", "no"), lambda yes: self._use(item) if yes else None)
        else:
            self._use(item)

    def action_fetch(self) -> None:
        item = self._pointed
        if item is None:
            return
        progress = self._desk.pulls.of(item.spec)
        if progress is not None and progress.state == "running":
            self._desk.pulls.pause(item.spec)
        elif item.entry is None:
            self._tell(f"{line(item.name, 80)} is a file of yours, and where it can be had is not known.", wrong=True)
        elif item.presence in ("here", "elsewhere"):
            self._tell(f"{item.name} is here; `v` checks that it is whole.")
        else:
            self._fetch(item, use=False)

    def action_verify(self) -> None:
        item = self._pointed
        if item is None or item.path is None:
            self._tell("There is nothing to check yet; p fetches it.", wrong=True)
            return
        self.run_worker(self._verify(item), exclusive=True, group="models-verify", exit_on_error=False)

    async def _verify(self, item: Listed) -> None:
        store, sink = self._desk.weights.store(), _Hashing(self._tell_later)
        self._tell(f"checking {line(item.name, 80)}…")
        try:
            hashes = await self._in_thread(lambda: store.verify(item.spec, sink))
        finally:
            # Where another check overtakes this one, or the page is closed, its thread is at it still.
            sink.stopped = True
        if not hashes:
            if hashes is not None:
                self._tell(f"No file of {line(item.name, 80)} has the pinned hash; p fetches one.", wrong=True)
            return
        digest = next(iter(hashes.values()))
        pinned = "is the pinned one" if item.entry else "is noted; none is pinned for it, and its header is sound"
        self._tell(f"{line(item.name, 80)} is whole: SHA-256 {digest[:16]}… {pinned}.")

    def action_remove(self) -> None:
        item = self._pointed
        if item is None:
            return
        progress = self._desk.pulls.of(item.spec)
        if item.entry is None or item.presence == "elsewhere":
            self._tell("That file is another program's or your own; delete it there.", wrong=True)
        elif not item.fetched:
            self._tell(f"Nothing of {item.name} is here.", wrong=True)
        elif self._is_in_use(item):
            self._tell(f"{item.name} answers now; go on with another one first.", wrong=True)
        elif progress is not None and progress.state == "running":
            self._tell(f"{item.name} is being fetched; p pauses that first.", wrong=True)
        else:
            question = (
                f"Remove {item.name} from this machine? {megabytes(item.fetched)} would have to be fetched again."
            )
            entry = item.entry

            def answered(yes: bool | None) -> None:
                if yes:
                    self.run_worker(self._remove(entry), group="models-remove", exit_on_error=False)

            self.app.push_screen(YesNo(question, "remove", "keep"), answered)

    async def _remove(self, entry: Any) -> None:
        store = self._desk.weights.store()
        freed = await self._in_thread(lambda: store.remove(entry, _Hashing(self._tell_later)))
        if freed is not None:
            await self._look(f"Removed; {megabytes(freed)} of disk are free again.")

    def action_prefer(self) -> None:
        item = self._pointed
        if item is None or not item.decodes or item.problem:
            self._tell("That one cannot answer; point at another.", wrong=True)
            return
        self.run_worker(self._prefer(item), group="models-prefer", exit_on_error=False)

    async def _prefer(self, item: Listed) -> None:
        from agentx import config

        path = await self._in_thread(lambda: config.set_user_value("model", item.spec))
        if path is not None:
            self._tell(f"New conversations begin with {line(item.name, 80)}; that stands in {path}.")

    def _use(self, item: Listed) -> None:
        if self._desk.use(None if item.default and self._spec is None else item.spec):
            self.dismiss()
        else:
            self._tell(self._desk.conversation.refusal, wrong=True)

    def _fetch(self, item: Listed, use: bool) -> None:
        left = item.size - item.fetched
        if left > self._seen.room.disk:
            free = megabytes(self._seen.room.disk)
            self._tell(
                f"{item.name} needs {megabytes(left)} of disk and {free} are free: make room, or set AGENTX_CACHE_DIR.",
                wrong=True,
            )
            return
        self._desk.fetch(item.spec, use=use)
        self._said = ("", False)
        self._show_told()


class Interrupted(AgentXError):
    """Nobody waits for the check any more."""


class _Hashing:
    """A ProgressSink that tells, in percent, how far a check has come.

    Attributes:
        stopped: what is counted next ends with an error, and the check with it.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.stopped = False
        self._label, self._total, self._done, self._told = "", 0, 0, -1

    def start(self, label: str, total_bytes: int) -> None:
        self._label, self._total, self._done, self._told = label, total_bytes, 0, -1

    def advance(self, n: int) -> None:
        if self.stopped:
            raise Interrupted("The check was stopped.")
        self._done += n
        tenth = 20 * self._done // max(self._total, 1)
        if tenth > self._told:
            self._told = tenth
            self._tell(f"{self._label}: {5 * tenth} %")

    def note(self, text: str) -> None:
        self._tell(text)

    def finish(self) -> None:
        pass
