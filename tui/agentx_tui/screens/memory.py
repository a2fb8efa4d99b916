"""The page of the memory: what is stored, found by words and meaning, added to and forgotten."""

from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList

from agentx.shelf import Found, Held, Shelf
from agentx_tui import keymap
from agentx_tui.path_suggester import PathSuggester
from agentx_tui.printable import line
from agentx_tui.screens import memory_text as text
from agentx_tui.screens.asking import Entry, YesNo
from agentx_tui.screens.memory_list import MAX_ROWS, MemoryList
from agentx_tui.screens.memory_source import SourcePage
from agentx_tui.screens.page import Page

TYPING_S = 0.25
"""Without a letter, before what was typed is searched for."""
BUSY = "Files are being added; wait for them, or stop that with `s`."


class MemoryPage(MemoryList):
    """A document opens to its passages, a passage to its source.

    Args:
        add: paths and addresses that are added at once.
        more: see `MemoryList`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *keymap.bindings("memory"),
        Binding("escape", "back", show=False),
        Binding("f3", "close", show=False),
        Binding("down", "to_rows", show=False),
    ]

    def __init__(self, *given: Any, add: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(*given, **more)
        self._add = add

    def on_mount(self) -> None:
        self._desk.changed = self._show_adding
        if self._add:
            self._start_adding(self._add)

    def on_unmount(self) -> None:
        self._desk.changed = lambda: None

    def on_option_list_option_highlighted(self) -> None:
        self._show_preview()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_index >= len(self._items):
            return  # the list has become another one since the key
        item = self._items[event.option_index]
        if isinstance(item, Held):
            self._opened = item
            self.look()
            return
        passage = item.passage if isinstance(item, Found) else item
        collection = self._collection
        self.app.push_screen(SourcePage(lambda: self._desk.shelf().source(collection, passage)))

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.value.strip() == self._words:
            return
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(TYPING_S, self._search)

    def on_input_submitted(self) -> None:
        self.query_one(OptionList).focus()
        self._search()

    def _search(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        words = self.query_one(Input).value.strip()
        if words != self._words or self._opened is not None:
            self._words, self._opened = words, None
            self._sayings = self._sayings and bool(words)
            self.look()

    def action_search(self) -> None:
        self.query_one(Input).focus()

    def action_to_rows(self) -> None:
        self.query_one(OptionList).focus()

    def action_back(self) -> None:
        if self._opened is not None:
            self._opened = None
            self.look()
        elif self.query_one(Input).value:
            self.query_one(Input).value = ""
            self._search()
        elif self.query_one(Input).has_focus:
            pass
        else:
            self.dismiss()
        self.query_one(OptionList).focus()

    def action_close(self) -> None:
        self.dismiss()

    def action_next_collection(self) -> None:
        names = list(self._collections)
        if len(names) > 1:
            at = names.index(self._collection) if self._collection in names else -1
            self._collection, self._opened = names[(at + 1) % len(names)], None
            self.look()

    def action_add(self) -> None:
        if self._desk.is_adding:
            self._tell(BUSY, wrong=True)
            return

        def taken(path: str | None) -> None:
            if path:
                self._start_adding((path,))

        question = f"Add to {self._collection}: a file, a folder, or the address of a page"
        self.app.push_screen(Entry(question, example="notes/", suggester=PathSuggester(self._workspace)), taken)

    def _start_adding(self, paths: tuple[str, ...]) -> None:
        if self._desk.is_adding:
            self._tell(BUSY, wrong=True)
            return
        try:
            named = [path if "://" in path else str(self._workspace / Path(path).expanduser()) for path in paths]
        except RuntimeError as error:
            self._first = f"There is no such home folder ({error}); write the whole path."
            self._tell(self._first, wrong=True)
            return
        app, desk, collection = self.app, self._desk, self._collection

        async def add() -> None:
            told = await desk.add(collection, named)
            if self.is_attached:
                self.look(told=told)
            else:
                app.notify(line(f"Memory: {told}", 400), markup=False, timeout=8)

        # The app's, not the page's: it goes on when the page is left.
        app.run_worker(add(), group="memory-add", exit_on_error=False)

    def action_stop_adding(self) -> None:
        if self._desk.is_adding:
            self._desk.stop()

    def action_show_skipped(self) -> None:
        added = self._desk.adding.added if self._desk.adding else None
        if added is None or not added.skipped:
            self._tell("Nothing was skipped.")
            return
        rows = [Content.styled("Not added", "bold $primary")]
        rows += [
            Content.assemble(f"{line(name, 300)}\n", (f"  {line(reason, 300)}", text.QUIET))
            for name, reason in added.skipped[:MAX_ROWS]
        ]
        self.app.push_screen(Page(Content("\n").join(rows)))

    def action_forget(self) -> None:
        item = self._pointed
        if item is None:
            return
        if isinstance(item, Held):
            question = f"Forget {line(item.name, 120)} ({item.passages:,} passages)? The file itself stays."
            if item.kind in text.SAYINGS:
                question = f"Forget the {item.kind} “{line(item.name, 120)}”?"
        else:
            passage = item.passage if isinstance(item, Found) else item
            question = f"Forget this passage of {line(passage.place, 120)}? It comes back if that is added anew."

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._forget(item), group="memory-forget", exit_on_error=False)

        self.app.push_screen(YesNo(question, "forget", "keep"), answered)

    async def _forget(self, item: text.Item) -> None:
        collection = self._collection

        def work(shelf: Shelf) -> bool:
            if isinstance(item, Held):
                shelf.forget(collection, item.key)
            else:
                shelf.forget_passage(collection, item.passage.id if isinstance(item, Found) else item.id)
            return True

        if await self._in_thread(work):
            self.look(keep=self.query_one(OptionList).highlighted or 0)
