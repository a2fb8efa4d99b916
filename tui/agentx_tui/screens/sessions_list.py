"""The list of sessions: found by their words, and read."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual.widgets.option_list import Option

from agentx.cli import failures
from agentx.threads import in_thread
from agentx_tui import archive
from agentx_tui.archive import Entry
from agentx_tui.conversation import Conversation
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.screens import sessions_text
from agentx_tui.screens.foot import ESC, foot, keys_of
from agentx_tui.screens.rows import Rows
from agentx_tui.view import View

T = TypeVar("T")

MAX_ROWS = 300
"""More of them nobody reads; words find the others."""
SETTLED_S = 0.08
"""How long a row must be pointed at before it is read."""
_NONE_HERE = "No session of this folder yet: what you send begins one. Press a for those of other folders."
_NONE = "No session yet: what you send begins one."


class SessionsList(ModalScreen[bool]):
    """The half of the page that finds and shows; the other half does something with what is pointed at."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, conversation: Conversation, glyphs: Glyphs, wanted_keys: Mapping[str, str]) -> None:
        super().__init__()
        self._conversation, self._glyphs, self._keys = conversation, glyphs, wanted_keys
        setup = conversation.setup
        self._folder = setup.workspace if setup else Path.cwd()
        self._everywhere = False
        self._all: list[Entry] = []
        self._found: list[Entry] = []
        self._shown: list[Entry] = []
        self._searched = ""
        self._problem = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet"):
            yield Static(id="title")
            words = Input(placeholder="words of a name; Enter searches all that was said", compact=True, id="words")
            words.cursor_blink = False
            yield words
            with Container(id="both"):
                with Vertical(id="left"):
                    yield Rows(id="rows")
                    yield Static(id="empty")
                with VerticalScroll(id="preview", can_focus=False):
                    yield Static(id="facts")
                    yield Static(id="said")
            yield Static(id="note")
            yield Static(id="foot")

    def on_mount(self) -> None:
        self._rows.focus()
        self._say("")
        self._load()

    @property
    def _rows(self) -> Rows:
        return self.query_one(Rows)

    @property
    def _words(self) -> Input:
        return self.query_one("#words", Input)

    @property
    def current(self) -> Entry | None:
        """The session that is pointed at."""
        at = self._rows.highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    @property
    def _workspace(self) -> str | None:
        return None if self._everywhere else str(self._folder)

    def _load(self, pointed: str = "", told: str = "") -> None:
        """Reads the list; afterwards the row of that id is pointed at, and that is told."""

        def listed(found: list[Entry]) -> None:
            self._all, self._problem = found, ""
            self._show(archive.matching(found, self._words.value), pointed)
            if told:
                self._say(told)

        workspace = self._workspace
        self.workers.cancel_group(self, "search")
        self._searched = ""
        self._read(lambda: archive.entries(workspace), listed, "list")

    def _search(self, words: str) -> None:
        def found(entries: list[Entry]) -> None:
            self._searched, self._problem = words, ""
            self._show(entries)
            self._rows.focus()

        workspace = self._workspace
        self._read(lambda: archive.search(words, workspace), found, "search")

    def _read(self, work: Callable[[], list[Entry]], then: Callable[[list[Entry]], None], group: str) -> None:
        def failed(sentence: str) -> None:
            self._problem = sentence
            self._show([])

        self._say("looking" + self._glyphs.ellipsis)
        self._work(work, then, failed, group)

    def _work(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[str], None],
        group: str,
        after_s: float = 0.0,
    ) -> None:
        """Does what blocks in a thread; what comes later in a group overtakes what came before.

        What has come to its end once the page was left is told to nobody.
        """

        async def wait() -> None:
            await asyncio.sleep(after_s)
            try:
                result = await in_thread(work, name="agentx-sessions")
            except Exception as error:
                over = partial(failed, failures.describe(error)[0])
            else:
                over = partial(then, result)
            if self in self.app.screen_stack:
                over()

        self.run_worker(wait(), group=group, exclusive=True)

    def _show(self, entries: list[Entry], pointed: str = "") -> None:
        rows = self._rows
        before = rows.highlighted or 0
        self._found, self._shown = entries, entries[:MAX_ROWS]
        now = datetime.now().astimezone()
        # Not that of the rows, which are not there where there were none; two for their padding, one to scroll by.
        width = max(10, self.query_one("#left").size.width - 3)
        rows.set_options(
            [Option(sessions_text.row(entry, width, now, self._glyphs, self._everywhere)) for entry in self._shown]
        )
        places = [at for at, entry in enumerate(self._shown) if entry.id == pointed]
        if self._shown:
            rows.highlighted = places[0] if places else min(before, len(self._shown) - 1) if pointed else 0
        empty = self.query_one("#empty", Static)
        empty.update(Content(line(self._problem or self._nothing(), 600)))
        empty.set_class(bool(self._problem), "-error")
        empty.display = not self._shown
        rows.display = bool(self._shown)
        self._say(f"{len(entries) - MAX_ROWS:,} more: words find them" if len(entries) > MAX_ROWS else "")
        self._title(len(entries))
        self._look()

    def _nothing(self) -> str:
        if self._searched or self._words.value:
            return "Nothing has all of these words. Enter in the line above searches all that was said."
        return _NONE if self._everywhere else _NONE_HERE

    def _title(self, count: int) -> None:
        where = "of all folders" if self._everywhere else f"of {line(self._folder.name or str(self._folder), 30)}"
        if self._searched:
            where += f"  {self._glyphs.dot}  {count} found for {line(self._searched, 30)}"
        elif count:
            where += f"  {self._glyphs.dot}  {count}"
        self.query_one("#title", Static).update(
            Content.assemble(("Sessions", "bold $primary"), (f"  {where}", "$foreground 55%"))
        )

    def _say(self, text: str) -> None:
        note = self.query_one("#note", Static)
        note.update(Content(line(text, 300)))
        self._feet()

    def _feet(self) -> None:
        keys = [*keys_of("sessions", self._keys), ESC]
        if self._words.has_focus:
            keys = [("Enter", "search all that was said"), ("Down", "to the list"), ("Esc", "back")]
        self.query_one("#foot", Static).update(foot(keys, self.size.width - 6))

    def on_option_list_option_highlighted(self) -> None:
        self._look()

    def _look(self) -> None:
        """Reads the session that is pointed at, once it has been for a moment."""
        entry = self.current
        facts, said = self.query_one("#facts", Static), self.query_one("#said", Static)
        self.set_class(entry is None, "-nothing")
        if entry is None:
            self.workers.cancel_group(self, "preview")
            return
        facts.update(sessions_text.facts(entry, self._glyphs, self._everywhere))
        until = entry.hit.number if entry.hit else None

        def failed(sentence: str) -> None:
            said.update(Content.styled(sentence, "$error"))

        self._work(lambda: archive.preview(entry.id, until), self._preview, failed, "preview", SETTLED_S)

    def _preview(self, view: View) -> None:
        said = self.query_one("#said", Static)
        said.update(sessions_text.preview(view, self._glyphs, said.content_size.width or self.size.width))
        # The end is what a person remembers.
        self.call_after_refresh(self.query_one("#preview").scroll_end, animate=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        # Else what was searched for before would come while other words are written.
        self.workers.cancel_group(self, "search")
        self._searched = ""
        self._show(archive.matching(self._all, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._search(event.value.strip())
        else:
            self._rows.focus()

    def on_descendant_focus(self) -> None:
        self._feet()

    def on_descendant_blur(self) -> None:
        self.call_after_refresh(self._feet)

    def on_resize(self) -> None:
        self.call_after_refresh(self._again)

    def _again(self) -> None:
        """As it is, for another width."""
        current = self.current
        self._show(self._found, current.id if current else "")

    def on_key(self, event: Any) -> None:
        if self._words.has_focus and event.key == "down":
            event.stop()
            self._rows.focus()

    def action_find(self) -> None:
        self._words.focus()

    def action_back(self) -> None:
        if self._words.value or self._searched:
            self._searched = ""
            self._words.value = ""
            self._show(self._all)
            self._rows.focus()
        elif self._words.has_focus:
            self._rows.focus()
        else:
            self.dismiss(False)

    def action_scope(self) -> None:
        self._everywhere = not self._everywhere
        if searched := self._searched:
            self._search(searched)
        else:
            self._load()
