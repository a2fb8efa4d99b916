"""The page of the first start, where there is no model: where one can be had, and what can be done."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agentx.cli import failures
from agentx.models.listing import Listed, on_the_hub
from agentx.models.progress import megabytes
from agentx.threads import in_thread
from agentx_tui import keymap, pull_text
from agentx_tui.glyphs import Glyphs
from agentx_tui.path_suggester import PathSuggester
from agentx_tui.printable import line
from agentx_tui.screens import foot
from agentx_tui.screens import setup_text as text
from agentx_tui.screens.asking import Entry
from agentx_tui.screens.heights import SHORT
from agentx_tui.weights import MIN_USEFUL_BYTES, Missing, Room

if TYPE_CHECKING:
    from agentx.models.whence import Way
    from agentx_tui.fetching import Fetching

MAX_CHOICES = 6


@dataclass(slots=True)
class Source:
    """A place where the model can be had; `answer` is why not, "" where it can, None while it is being asked."""

    way: "Way"
    answer: str | None = None
    asked: bool = False


class SetupPage(ModalScreen[None]):
    """Shows what can be used or fetched, and asks each source, beside the screen, whether it would give it.

    Args:
        desk: the app, which fetches models and changes them.
        wanted_keys: by id, as `keymap.toml` has them.
    """

    VERTICAL_BREAKPOINTS = SHORT
    BINDINGS: ClassVar[list[BindingType]] = [
        *keymap.bindings("setup"),
        Binding("escape", "dismiss", show=False),
    ]

    def __init__(self, desk: "Fetching", glyphs: Glyphs, wanted_keys: dict[str, str]) -> None:
        super().__init__()
        self._desk, self._glyphs, self._keys = desk, glyphs, wanted_keys
        self._choices: list[Listed] = []
        self._sources: dict[str, list[Source]] = {}
        self._room: Room | None = None
        self._said: tuple[str, bool] = (text.LOOKING, False)
        self._width = 0

    def compose(self) -> ComposeResult:
        yield Static("", id="title")
        with VerticalScroll(id="why", can_focus=False):
            yield Static("", id="reason")
        yield OptionList(compact=True, markup=False, id="rows")
        with VerticalScroll(id="from", can_focus=False):
            yield Static("", id="sources")
        yield Static("", id="told")
        yield Static("", id="foot")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.action_ask()

    def on_resize(self) -> None:
        self._show()

    def on_screen_resume(self) -> None:
        if self._missing is None and self._desk.conversation.setup is not None:
            self.call_later(self._leave)
        self._show()

    def _leave(self) -> None:
        """Returns nothing, which would be waited for: Textual refuses that to the page that goes."""
        if self.is_current:
            self.dismiss()

    def take_news(self, message: Message) -> None:
        """A model was fetched further, or one answers."""
        if self._missing is None:
            self.dismiss()
            return
        self._said = ("", False)
        self._show()

    # What is looked for, in threads.

    def action_ask(self) -> None:
        """Looks anew what is here, and asks the sources once more."""
        self.run_worker(self._look(), exclusive=True, group="setup-look", exit_on_error=False)

    async def _look(self) -> None:
        weights, wanted = self._desk.weights, self._missing

        def work() -> tuple[list[Listed], dict[str, list[Source]], Room]:
            found = choices(weights.listed(None), wanted.entry.name if wanted and wanted.entry else None)
            if wanted and not wanted.reason and (wanted.spec or "").startswith("hf://"):
                found = [on_the_hub(wanted.spec or ""), *found]
            named = [item.spec for item in found if item.entry or item.spec.startswith("hf://")]
            return found, {name: [Source(way) for way in weights.ways(name)] for name in named}, weights.room()

        try:
            self._choices, self._sources, self._room = await in_thread(work, name="agentx-look")
        except Exception as error:
            self._tell(failures.describe(error)[0], wrong=True)
            return
        self._tell("")
        self._show()

    def on_option_list_option_highlighted(self) -> None:
        for source in self._pointed_sources:
            if not source.asked:
                source.asked = True
                self.run_worker(self._ask(source), group="setup-ask", exit_on_error=False)
        self._show_sources()
        self._show_told()

    async def _ask(self, source: Source) -> None:
        weights = self._desk.weights
        try:
            source.answer = await in_thread(lambda: weights.probe(source.way), name="agentx-probe")
        except Exception as error:
            source.answer = failures.describe(error)[0]
        self._show_sources()

    # What the keys do.

    def on_option_list_option_selected(self) -> None:
        item = self._pointed
        if item is None:
            return
        if item.presence in ("here", "elsewhere"):
            self.run_worker(self._take(item.spec), exclusive=True, group="setup-take", exit_on_error=False)
            return
        progress = self._desk.pulls.of(item.spec)
        if progress is None or progress.state != "running":
            left = item.size - item.fetched
            if self._room is not None and left > self._room.disk:
                told = f"{megabytes(left)} of disk are needed and {megabytes(self._room.disk)} are free"
                self._tell(f"{told}: make room, or set AGENTX_CACHE_DIR to a larger disk.", wrong=True)
                return
            self._desk.fetch(item.spec, use=True)
        self._said = ("", False)
        self._show()
        self.action_tour()

    def action_tour(self) -> None:
        self._desk.action_show_tour()

    def action_pause(self) -> None:
        item = self._pointed
        progress = self._desk.pulls.of(item.spec) if item else None
        if item is None or progress is None:
            self._tell("Nothing is being fetched; Enter begins.")
        elif progress.state == "running":
            self._desk.pulls.pause(item.spec)
        elif progress.state != "done":
            self._desk.fetch(item.spec, use=True)

    def action_name_file(self) -> None:
        def named(path: str | None) -> None:
            if path:
                self._use_file(path)

        question = "A GGUF file: type its path, or drop it here"
        self.app.push_screen(Entry(question, example="~/models/model.gguf", suggester=PathSuggester(Path.cwd())), named)

    def action_name_mirror(self) -> None:
        def named(url: str | None) -> None:
            if url:
                self._desk.mirror(url.rstrip("/"))
                self._tell("That mirror is asked from now on; HF_ENDPOINT in your shell keeps it.")
                self.action_ask()

        now = os.environ.get("HF_ENDPOINT", "")
        question = "The address of a mirror of the hub"
        self.app.push_screen(Entry(question, example="https://…", value=now, problem=text.wrong_address), named)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._use_file(event.text)

    def _use_file(self, given: str) -> None:
        path = path_of(given)
        self._tell(f"looking at {line(path, 200)}…")
        self.run_worker(self._take(path, check=True), exclusive=True, group="setup-take", exit_on_error=False)

    async def _take(self, spec: str, check: bool = False) -> None:
        """Goes on with a model that is here, and has later starts do so too."""

        def work() -> str:
            from agentx import config
            from agentx.models.sources.local import checked

            named = str(checked(spec)) if check else spec
            config.set_user_value("model", named)
            return named

        try:
            named = await in_thread(work, name="agentx-look")
        except Exception as error:
            self._tell(failures.describe(error)[0], wrong=True)
            return
        if self._desk.use(named):
            self._tell(f"loading {line(named, 200)}…")
        else:
            self._tell(self._desk.conversation.refusal, wrong=True)

    # What is shown.

    def _show(self) -> None:
        if not self.is_mounted:
            return
        self._width = width = max(20, self.size.width - (2 if self.has_class("-narrow") else 4))
        self.query_one("#title", Static).update(text.title(self._room, width))
        self.query_one("#reason", Static).update(text.reason(self._missing))
        rows = self.query_one(OptionList)
        at = rows.highlighted or 0
        disk = self._room.disk if self._room else 0
        drawn = [Option(text.choice(item, disk, self._glyphs, width - 2)) for item in self._choices]
        rows.clear_options()
        rows.add_options(drawn)
        rows.highlighted = min(at, len(drawn) - 1) if drawn else None
        self._show_sources()
        keys = [("Enter", "fetch or use"), *foot.keys_of("setup", self._keys), ("Esc", "later")]
        self.query_one("#foot", Static).update(foot.foot(keys, width))
        self._show_told()

    def _show_sources(self) -> None:
        if self.is_mounted:
            told = [(source.way.name, source.way.address, source.answer) for source in self._pointed_sources]
            self.query_one("#sources", Static).update(text.sources(told, self._glyphs))

    def _show_told(self) -> None:
        if not self.is_mounted:
            return
        told = self.query_one("#told", Static)
        words, wrong = self._said
        running = self._desk.pulls.latest
        item = self._pointed
        progress = running or (self._desk.pulls.of(item.spec) if item else None)
        told.set_class(wrong, "-wrong")
        if progress is not None and not words:
            told.update(pull_text.long(progress, self._glyphs, self._width))
        else:
            told.update(Content(line(words, 600)))

    def _tell(self, words: str, wrong: bool = False) -> None:
        self._said = (words, wrong)
        self._show_told()

    @property
    def _missing(self) -> Missing | None:
        return self._desk.conversation.missing

    @property
    def _pointed(self) -> Listed | None:
        at = self.query_one(OptionList).highlighted
        return self._choices[at] if at is not None and at < len(self._choices) else None

    @property
    def _pointed_sources(self) -> list[Source]:
        item = self._pointed
        return self._sources.get(item.spec, []) if item else []


def choices(models: list[Listed], wanted: str | None) -> list[Listed]:
    """The model that is wanted (None for the default), then those that are here, then others that fit this machine."""
    able = [item for item in models if item.decodes and (item.entry is not None or not item.problem)]
    fitting = [item for item in able if item.verdict != "too large" and item.size >= MIN_USEFUL_BYTES]

    def is_wanted(item: Listed) -> bool:
        return item.default if wanted is None else item.name == wanted

    def place(item: Listed) -> int:
        return 0 if is_wanted(item) else 1 if item.presence in ("here", "elsewhere") else 2

    found: list[Listed] = []
    for item in sorted([*filter(is_wanted, able), *fitting], key=place):
        if item not in found:
            found.append(item)
    return found[:MAX_CHOICES]


def path_of(given: str) -> str:
    """The path that was typed or dropped: terminals quote it, escape its spaces, or make a URL of it."""
    path: Any = given.strip().strip("'\"")
    if path.startswith("file://"):
        return unquote(urlsplit(path).path)
    return path.replace("\\ ", " ")
