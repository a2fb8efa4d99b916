"""What the memory's page lists: documents, what a search has found, or the passages of a document."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agentx.cli import failures
from agentx.shelf import Held, Passage, Shelf
from agentx.threads import in_thread
from agentx_tui.glyphs import Glyphs
from agentx_tui.memory_desk import Desk, sentence
from agentx_tui.printable import line
from agentx_tui.screens import foot
from agentx_tui.screens import memory_text as text
from agentx_tui.widgets.line_input import LineInput

MAX_ROWS = 1_000
MAX_FOUND = 20
DEFAULT = "notes"
EMPTY = "Nothing is kept here yet: `a` adds files or a page, and a message that begins with # is kept as a note."


class MemoryList(ModalScreen[None]):
    """Looks and shows; what the person does is `agentx_tui.screens.memory`'s.

    Args:
        words: searched for at once, "" for none.
        sayings: only notes and facts are found.
    """

    def __init__(
        self,
        desk: Desk,
        glyphs: Glyphs,
        workspace: Path,
        wanted_keys: Mapping[str, str],
        *,
        words: str = "",
        sayings: bool = False,
    ) -> None:
        super().__init__()
        self._desk, self._glyphs, self._workspace, self._keys = desk, glyphs, workspace, wanted_keys
        self._words, self._sayings = words, sayings
        self._collection = DEFAULT
        self._collections: dict[str, int] = {}
        self._place = ""
        self._level: Literal["documents", "found", "passages"] = "documents"
        self._items: list[text.Item] = []
        self._opened: Held | None = None
        self._passages: dict[str, list[Passage]] = {}
        self._looked = False
        self._first = ""
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="title")
        with Horizontal(id="search"):
            yield Static(Content(self._glyphs.prompt), id="sign")
            yield LineInput(self._words, "search by words and meaning")
        with Container(id="both"):
            yield OptionList(compact=True, markup=False, id="rows")
            with VerticalScroll(id="preview", can_focus=False):
                yield Static("", id="text")
        yield Static("", id="told")
        yield Static("", id="foot")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.look(told=self._first)

    def on_resize(self) -> None:
        # Once the rows have their new size too.
        self.call_after_refresh(self._show_rows)
        self._show_frame()

    # What is looked for, in a thread.

    def look(self, keep: int = 0, told: str = "") -> None:
        """Lists anew what the page is at, then says something; what was looked for before is given up."""
        self._tell("looking…")
        self.run_worker(self._look(keep, told), exclusive=True, group="memory-look", exit_on_error=False)

    async def _look(self, keep: int, told: str) -> None:
        words, opened, collection = self._words, self._opened, self._collection

        def work(shelf: Shelf) -> list[text.Item]:
            self._place, self._collections = shelf.place, shelf.collections()
            if opened is not None:
                return list(shelf.passages(collection, opened.key))
            if words:
                return list(shelf.search(collection, words, MAX_FOUND, sayings=self._sayings, telling=self._tell_later))
            return list(shelf.documents(collection, MAX_ROWS))

        found = await self._in_thread(work)
        if found is None:
            return
        self._items, self._looked = found, True
        self._level = "passages" if opened is not None else "found" if words else "documents"
        self._passages.clear()
        self._show_rows(keep)
        self._show_frame()
        self._tell(told)
        if self._desk.is_adding:
            self._show_adding()

    async def _in_thread(self, work: Callable[[Shelf], Any]) -> Any:
        """What the work gives; None where it failed, which is told."""
        try:
            return await in_thread(lambda: work(self._desk.shelf()), name="agentx-memory")
        except Exception as error:
            self._tell(failures.describe(error)[0], wrong=True)
            return None

    def _nothing(self) -> str:
        if self._level == "found":
            return "Nothing in this collection fits; try other words." if not self._sayings else "No note fits."
        return EMPTY if self._level == "documents" else "That document is there no more; Esc goes back."

    # What is shown.

    def _show_rows(self, keep: int | None = None) -> None:
        rows = self.query_one(OptionList)
        at = keep if keep is not None else rows.highlighted or 0
        width = max(24, rows.size.width - 4)
        rows.clear_options()
        if self._items or not self._looked:
            rows.add_options([Option(text.row(item, width, self._glyphs)) for item in self._items])
        else:
            rows.add_option(Option(Content(self._nothing()), disabled=True))
        rows.highlighted = min(at, len(self._items) - 1) if self._items else None
        beside = self.query_one("#preview")
        if beside.display != bool(self._items):  # which changes the width of the rows
            beside.display = bool(self._items)
            self.call_after_refresh(self._show_rows)
        self._show_preview()

    def _show_frame(self) -> None:
        width = self._width
        self.query_one("#title", Static).update(self._title(width))
        keys = [("Enter", "open" if self._level == "documents" else "source"), *foot.keys_of("memory", self._keys)]
        if len(self._collections) < 2:
            keys = [key for key in keys if key[1] != "collection"]
        above = self._opened is not None or bool(self._words)
        self.query_one("#foot", Static).update(foot.foot([*keys, ("Esc", "back" if above else "close")], width))

    def _title(self, width: int) -> Content:
        if self._opened is not None:
            name = text.short(self._opened.name, max(12, width - 20 - len(self._collection)))
            at = f"  {self._collection} {self._glyphs.folded} {name}"
            return Content.assemble(("Memory", "bold"), (at, "$primary"))
        parts = [Content.styled("Memory", "bold")]
        for name, count in self._collections.items():
            here = name == self._collection
            parts.append(Content.styled(f"{name} {count:,}", "bold $primary" if here else text.FAINT))
        left = Content("  ").join(parts)
        room = width - left.cell_length - 3
        place = text.near_home(self._place)
        place = place if len(place) <= room else ""
        return left + Content(" " * max(1, width - left.cell_length - len(place))) + Content.styled(place, text.FAINT)

    def _show_preview(self) -> None:
        item = self._pointed
        passages = None
        if isinstance(item, Held) and (passages := self._passages.get(item.key)) is None:
            self.run_worker(self._read(item), exclusive=True, group="memory-read", exit_on_error=False)
        self.query_one("#text", Static).update(text.preview(item, self._glyphs, passages))
        self.query_one("#preview").scroll_home(animate=False)

    async def _read(self, item: Held) -> None:
        collection = self._collection
        found = await self._in_thread(lambda shelf: shelf.passages(collection, item.key)[:3])
        if found is not None:
            self._passages[item.key] = found
            if self._pointed is item:
                self.query_one("#text", Static).update(text.preview(item, self._glyphs, found))

    def _show_adding(self) -> None:
        adding = self._desk.adding
        if adding is None:
            return
        if adding.over:
            self._tell(sentence(adding), wrong=bool(adding.failed))
            return
        told = self.query_one("#told", Static)
        told.set_class(False, "-wrong")
        told.update(text.progress(adding, self._glyphs, self._width))

    def _tell(self, words: str, wrong: bool = False) -> None:
        told = self.query_one("#told", Static)
        told.set_class(wrong, "-wrong")
        told.update(Content(line(words, 600)))

    def _tell_later(self, words: str) -> None:
        # The page's own queue: nothing of it is carried out once the page is closed.
        self.call_later(self._tell, words)

    @property
    def _width(self) -> int:
        return max(20, self.scrollable_content_region.width)

    @property
    def _pointed(self) -> text.Item | None:
        at = self.query_one(OptionList).highlighted
        return self._items[at] if at is not None and at < len(self._items) else None
