"""What the models' page lists, and how it is shown; what the keys do is `agentx_tui.screens.models`'s."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agentx.cli import failures
from agentx.models.fitting import Memory
from agentx.models.listing import Listed
from agentx.threads import in_thread
from agentx_tui import pull_text
from agentx_tui.glyphs import Glyphs
from agentx_tui.printable import line
from agentx_tui.screens import foot
from agentx_tui.screens import models_text as text
from agentx_tui.screens.heights import SHORT
from agentx_tui.weights import Room

if TYPE_CHECKING:
    from agentx_tui.fetching import Fetching

EMPTY = "There is no model here and none in the catalogue: put a GGUF file into this folder, then `s` looks again."
LOOKING = "looking…"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has found."""

    models: list[Listed]
    room: Room
    sources: dict[str, list[tuple[str, str]]]


class ModelsList(ModalScreen[None]):
    """Stands still until something is fetched or asked for; what takes long is done in threads beside it.

    Args:
        desk: the app, which fetches models and changes them.
        wanted_keys: by id, as `keymap.toml` has them.
    """

    VERTICAL_BREAKPOINTS = SHORT

    def __init__(self, desk: "Fetching", glyphs: Glyphs, wanted_keys: dict[str, str]) -> None:
        super().__init__()
        self._desk, self._glyphs, self._keys = desk, glyphs, wanted_keys
        self._seen = Seen([], Room(Memory(0, 0), 0), {})
        self._said: tuple[str, bool] = (LOOKING, False)
        self._width = 0

    def compose(self) -> ComposeResult:
        yield Static("", id="title")
        yield Static("", id="heading")
        yield OptionList(compact=True, markup=False, id="rows")
        with VerticalScroll(id="preview", can_focus=False):
            yield Static("", id="text")
        yield Static("", id="told")
        yield Static("", id="foot")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.action_scan()

    def on_resize(self) -> None:
        self._show()

    def on_option_list_option_highlighted(self) -> None:
        self._show_pointed()

    # What is looked for, in a thread.

    def action_scan(self) -> None:
        self._tell(LOOKING)
        self.run_worker(self._look(), exclusive=True, group="models-look", exit_on_error=False)

    async def _look(self, then: str = "") -> None:
        weights, spec = self._desk.weights, self._spec

        def work() -> Seen:
            models = weights.listed(spec)
            catalogued = [item.name for item in models if item.entry]
            sources = {name: [(way.name, way.address) for way in weights.ways(name)] for name in catalogued}
            return Seen(models, weights.room(), sources)

        seen = await self._in_thread(work)
        if seen is not None:
            self._seen = seen
            self._show()
            self._tell(then if seen.models else EMPTY)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """What the work gives; None where it failed, which is told."""
        try:
            return await in_thread(work, name="agentx-models")
        except Exception as error:
            self._tell(failures.describe(error)[0], wrong=True)
            return None

    # What is shown.

    def take_news(self, message: Message) -> None:
        """A model was fetched further, or another one answers."""
        progress = getattr(message, "progress", None)
        if progress is None or progress.state in ("done", "failed", "paused"):
            self._said = ("", False)
            self.run_worker(self._look(), exclusive=True, group="models-look", exit_on_error=False)
        self._show_rows()
        self._show_told()

    def _show(self) -> None:
        self._width = max(20, self.size.width - (2 if self.has_class("-narrow") else 4))
        count = sum(item.presence in ("here", "elsewhere") for item in self._seen.models)
        free = self._seen.room.memory.free
        right = f"{count} here, {text.about(free)} of RAM free" if free else f"{count} here"
        left = Content.styled("Models", "bold")
        gap = self._width - left.cell_length - len(right)
        title = left + Content(" " * gap) + Content.styled(right, text.FAINT) if gap > 1 and self._seen.models else left
        self.query_one("#title", Static).update(title)
        self.query_one("#heading", Static).update(text.heading(self._width - 2))
        keys = [("Enter", "use"), *foot.keys_of("models", self._keys), foot.ESC]
        self.query_one("#foot", Static).update(foot.foot(keys, self._width))
        self._show_rows()
        self._show_told()

    def _show_rows(self) -> None:
        rows = self.query_one(OptionList)
        at = rows.highlighted or 0
        drawn = [self._row(item) for item in self._seen.models]
        if len(drawn) == rows.option_count:
            for place, content in enumerate(drawn):
                rows.replace_option_prompt_at_index(place, content)
        else:
            rows.clear_options()
            rows.add_options([Option(content) for content in drawn])
            rows.highlighted = min(at, len(drawn) - 1) if drawn else None
        self._show_pointed()

    def _row(self, item: Listed) -> Content:
        progress = self._desk.pulls.of(item.spec)
        pulled = ""
        if progress is not None and progress.state in ("running", "paused") and progress.fraction is not None:
            pulled = f"{self._glyphs.down} {progress.fraction:.0%}"
        return text.row(item, self._is_in_use(item), pulled, self._glyphs, self._width - 2)

    def _show_pointed(self) -> None:
        item = self._pointed
        shown = Content("")
        if item is not None:
            sources = self._seen.sources.get(item.name, [])
            shown = text.detail(item, self._is_in_use(item), self._seen.room, sources)
        self.query_one("#text", Static).update(shown)
        self._show_told()

    def _tell(self, words: str, wrong: bool = False) -> None:
        self._said = (words, wrong)
        self._show_told()

    def _tell_later(self, words: str) -> None:
        # The page's own queue: nothing of it is carried out once the page is closed.
        self.call_later(self._tell, words)

    def _show_told(self) -> None:
        """What was said last; else how far the fetching of the model that is pointed at has come."""
        if not self.is_mounted:
            return
        told = self.query_one("#told", Static)
        words, wrong = self._said
        item = self._pointed
        progress = self._desk.pulls.of(item.spec) if item and not words else None
        told.set_class(wrong, "-wrong")
        if progress is not None and progress.state != "done":
            told.update(pull_text.long(progress, self._glyphs, self._width))
        else:
            told.update(Content(line(words, 600)))

    @property
    def _pointed(self) -> Listed | None:
        at = self.query_one(OptionList).highlighted
        return self._seen.models[at] if at is not None and at < len(self._seen.models) else None

    @property
    def _spec(self) -> str | None:
        setup = self._desk.conversation.setup
        return setup.settings.model if setup else None

    def _is_in_use(self, item: Listed) -> bool:
        conversation, spec = self._desk.conversation, self._spec
        if conversation.setup is None or conversation.missing is not None or conversation.failed:
            return False
        if spec is None:
            return item.default
        return item.spec == spec or (item.path is not None and item.path == Path(spec).expanduser().absolute())
