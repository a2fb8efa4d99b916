"""Where the person writes: several lines, history, completion; long pastes stand in it as one mark."""

from collections.abc import Mapping

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from agentx.cli.text import without_controls
from agentx_tui import keymap
from agentx_tui.history import History
from agentx_tui.widgets.offers import Offers

LONG_PASTE_CHARACTERS = 4_000
LONG_PASTE_LINES = 40


class Prompt(TextArea):
    """Enter sends; see `agentx_tui.keymap` for the rest.

    Attributes:
        files: paths that `@` completes to.
    """

    class Sent(Message):
        """The person sends a text; `steer` means that it belongs to the task that is under way."""

        def __init__(self, text: str, steer: bool = False) -> None:
            super().__init__()
            self.text = text
            self.steer = steer

    class QueueWanted(Message):
        """The person goes up from an empty prompt: what is queued last comes back, if anything is."""

    class FilesWanted(Message):
        """A path is about to be completed: the list may be old."""

    def __init__(self, sent_before: History, offers: Offers, keys: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id, highlight_cursor_line=False, max_checkpoints=200)
        # Said to it, all its styles would be looked up before it has its place, and once more then.
        self.set_reactive(TextArea.compact, True)
        self.add_class("-textual-compact", update=False)
        # A cursor that blinks redraws the screen for ever.
        self.cursor_blink = False
        self.sent_before = sent_before
        self.offers = offers
        self._keys = keymap.actions("prompt", keys)
        self.files: list[str] = []
        self.queued = False
        self._pastes: dict[str, str] = {}

    @property
    def whole_text(self) -> str:
        """The text with its long pastes."""
        text = self.text
        for mark, paste in self._pastes.items():
            text = text.replace(mark, paste)
        return text

    def action_submit(self) -> None:
        if self.offers.is_open and self._take(finish=True):
            return
        line = self.document.get_line(self.cursor_location[0])
        if line.endswith("\\") and self.cursor_location[1] == len(line):
            self.action_delete_left()
            self.insert("\n")
            return
        self._send(steer=False)

    def action_steer(self) -> None:
        self._send(steer=True)

    def _send(self, steer: bool) -> None:
        text = self.whole_text.strip()
        if text:
            self.sent_before.add(text)
            self.replace_all("")
            self.post_message(self.Sent(text, steer))

    def replace_all(self, text: str) -> None:
        """Puts a text in the place of what was written, the cursor at its end."""
        if not text:
            self._pastes.clear()
        self.load_text("")
        self._put(text)

    def give_back(self, *texts: str) -> None:
        """Puts texts before what is written, which stays, and the cursor at the end."""
        text = self._marked("\n".join(texts))
        self.insert(f"{text}\n" if self.text else text, (0, 0))
        self.move_cursor(self.document.end)

    def put_aside(self, text: str = "") -> None:
        """Puts a text in the place of what was written, which Up brings back."""
        self.sent_before.add(self.whole_text)
        self.replace_all(text)

    def action_newline(self) -> None:
        self.insert("\n")

    def action_previous(self) -> None:
        if self.offers.is_open:
            self.offers.move(-1)
        elif self.cursor_location[0] > 0 or self.wrapped_document.location_to_offset(self.cursor_location).y > 0:
            self.action_cursor_up()
        elif self.queued and not self.text:
            self.post_message(self.QueueWanted())
        elif (entry := self.sent_before.previous(self.text)) is not None:
            self.replace_all(entry)

    def action_next(self) -> None:
        last = self.wrapped_document.height - 1
        if self.offers.is_open:
            self.offers.move(1)
        elif self.wrapped_document.location_to_offset(self.cursor_location).y < last:
            self.action_cursor_down()
        elif (entry := self.sent_before.next()) is not None:
            self.replace_all(entry)

    def action_complete(self) -> None:
        self._take(finish=False)

    def _take(self, finish: bool) -> bool:
        """Takes the completion that is pointed at; True if that is all there is to do."""
        offer = self.offers.current
        if offer is None:
            return False
        row, column = self.cursor_location
        whole = self.text[:column] == offer.text
        self.replace(offer.text, (row, offer.start), (row, column))
        self.offers.close()
        # A command that was picked is carried out by the same Enter.
        return not (finish and (whole or offer.text.startswith("/")))

    def take_files(self, names: list[str]) -> None:
        """The paths as they are now."""
        if names != self.files:
            self.files = names
            self._offer()

    def on_text_area_changed(self) -> None:
        if self._offer().endswith("@"):
            self.post_message(self.FilesWanted())

    def _offer(self) -> str:
        """Offers what the text before the cursor can be completed to; that text."""
        from agentx_tui import completion

        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        self.offers.show(completion.offers(before, row == 0, self.files))
        return before

    async def _on_key(self, event: events.Key) -> None:
        # Not as bindings that go first: those overtake letters that were typed before them.
        if action := next((self._keys[name] for name in event.aliases if name in self._keys), None):
            event.stop()
            event.prevent_default()
            await self.run_action(action)
        elif event.is_printable and event.key.startswith("alt+"):
            event.stop()  # a decision that came too late, or none: its letter is not written
            event.prevent_default()
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._put(event.text)

    def _put(self, text: str) -> None:
        result = self.replace(self._marked(text), *self.selection)
        self.move_cursor(result.end_location)

    def _marked(self, text: str) -> str:
        """What stands for a text in the prompt: itself, or a mark where it is long."""
        text = without_controls(text)
        lines = text.count("\n") + 1
        if len(text) > LONG_PASTE_CHARACTERS or lines > LONG_PASTE_LINES:
            mark = f"[text {len(self._pastes) + 1}: {lines:,} lines, {len(text):,} characters]"
            self._pastes[mark] = text
            return mark
        return text
