"""Where a decision is made: over the prompt and not a modal, so that the conversation can be read meanwhile.

Its keys count only once nothing was typed for a while, so that no word of a sentence decides anything.
"""

from pathlib import Path
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea

from agentx.messages import ToolCall
from agentx_tui import card_text, diffs
from agentx_tui.arming import QUIET_S, Arming
from agentx_tui.decisions import Choice, NotYet, beginning, choices, decided
from agentx_tui.keymap import KEYS
from agentx_tui.printable import line, output, prose
from agentx_tui.signals import Asking

TOO_EARLY = "That came too early to be meant for this; press it again."
_SHOWN = {key.id: key.shown for key in KEYS}
_STYLES = {"added": "$success on $success 12%", "removed": "$error on $error 12%", "hunk": "$secondary"}
_SIGNS = {"added": "+ ", "removed": "- ", "same": "  "}


class Entry(TextArea):
    """A line or more that a choice asks for."""

    class Entered(Message):
        """The person is done."""

    class Left(Message):
        """The person thinks better of it."""

    def __init__(self) -> None:
        super().__init__(compact=True, highlight_cursor_line=False, id="entry")
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        # Not as bindings that go first: those overtake letters that were typed before them.
        if event.key == "enter":
            self.post_message(self.Entered())
        elif event.key == "escape":
            self.post_message(self.Left())
        elif event.key in ("ctrl+j", "shift+enter", "alt+enter"):
            self.insert("\n")
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()


class Option(Static):
    """One choice, which may be clicked too."""

    class Picked(Message):
        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, choice: Choice) -> None:
        super().__init__(Content.assemble((_SHOWN[choice.id], "bold $primary"), (f" {choice.label}", "")))
        self.choice = choice

    def on_click(self) -> None:
        self.post_message(self.Picked(self.choice))


class Dock(Vertical):
    """Shows what waits for the person's word, one after the other."""

    class Decided(Message):
        def __init__(self, asking: Asking, word: Any) -> None:
            super().__init__()
            self.asking = asking
            self.word = word

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.workspace = Path.cwd()
        self._waiting: list[Asking] = []
        self._shown: Asking | None = None
        self._choice: Choice | None = None
        self._arming = Arming()
        self._timer: Timer | None = None
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static("", id="dock-title")
        with VerticalScroll(id="dock-body", can_focus=False):
            yield Static("", id="dock-text")
        yield Vertical(id="dock-options")
        yield Static("", id="dock-problem")
        yield Entry()

    @property
    def asking(self) -> Asking | None:
        return self._waiting[0] if self._waiting else None

    def put(self, asking: Asking) -> None:
        self._waiting.append(asking)
        if len(self._waiting) == 1:
            self.call_later(self._draw)

    def withdraw(self, asking: Asking) -> None:
        if asking in self._waiting:
            self._waiting.remove(asking)
            self.call_later(self._draw)

    @property
    def armed(self) -> bool:
        """Whether a key would decide now."""
        return self._shown is not None and not self.has_class("-unarmed")

    def _arm(self, in_s: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self.set_class(in_s > 0, "-unarmed")
        self._timer = self.set_timer(in_s, self._armed) if in_s > 0 else None

    def _armed(self) -> None:
        self.remove_class("-unarmed")
        self._tell("")

    def decide(self, id: str, quiet_s: float) -> None:
        """The person presses a choice's key, `quiet_s` after they last typed; it may be too early to count."""
        asking = self._shown
        if self._choice is not None:
            return
        if asking is None or asking is not self.asking:
            if quiet_s >= QUIET_S:
                self._arming.keep(id)
            return
        choice = next((choice for choice in choices(asking.asked) if choice.id == id), None)
        if choice is None:
            return
        if self._arming.counts(id, quiet_s):
            self._pick(choice)
            return
        self._arming.disturbed()
        self._tell(TOO_EARLY)
        self._arm(QUIET_S)

    def on_option_picked(self, event: Option.Picked) -> None:
        event.stop()
        if self._choice is None:
            self._pick(event.choice)

    def _pick(self, choice: Choice) -> None:
        asking = self.asking
        assert asking is not None
        self._arming.decided(choice.id, asking.asked)
        if not choice.entry:
            self._settle(asking, decided(choice, asking.asked))
            return
        self._choice = choice
        entry = self.query_one(Entry)
        self._tell("")
        self.query_one("#dock-options").display = False
        entry.border_title = choice.entry
        entry.border_subtitle = "Enter to say so · Esc back"
        entry.display = True
        entry.load_text(beginning(choice, asking.asked))
        entry.move_cursor(entry.document.end)
        entry.focus()

    def on_entry_entered(self) -> None:
        asking, choice = self.asking, self._choice
        if asking is None or choice is None:
            return
        try:
            self._settle(asking, decided(choice, asking.asked, self.query_one(Entry).text))
        except NotYet as problem:
            self._tell(str(problem))

    def on_entry_left(self) -> None:
        self.call_later(self._draw)

    def _settle(self, asking: Asking, word: Any) -> None:
        self.withdraw(asking)
        self.post_message(self.Decided(asking, word))

    def _tell(self, problem: str) -> None:
        found = self.query_one("#dock-problem", Static)
        found.display = bool(problem)
        found.update(Content(line(problem, 300)))

    async def _draw(self) -> None:
        asking = self.asking
        had_focus = self.query_one(Entry).has_focus
        before, self._choice, self._shown = self._shown, None, None
        self.display = asking is not None
        self.query_one(Entry).display = False
        self._tell("")
        if had_focus:
            self.post_message(self.FocusBack())
        if asking is None:
            return
        self.query_one("#dock-title", Static).update(self._title(asking))
        text = self._text(asking)
        self.query_one("#dock-body").display = bool(text)
        self.query_one("#dock-text", Static).update(text)
        options = self.query_one("#dock-options")
        options.display = True
        await options.remove_children()
        await options.mount_all([Option(choice) for choice in choices(asking.asked)])
        if asking is not self.asking:
            return  # another draws it already
        if asking is not before:
            self._arm(self._arming.shown(asking.asked))
        self._shown = asking
        if kept := self._arming.kept():
            self.decide(kept, QUIET_S)

    class FocusBack(Message):
        """What was entered in here is done with."""

    def _title(self, asking: Asking) -> Content:
        if isinstance(asking.asked, str):
            return Content.styled("The agent asks", "bold $accent")
        if isinstance(asking.asked, ToolCall):
            return Content.assemble(
                ("Has it happened?  ", "bold $accent"),
                (line(asking.asked.name, 60), "bold"),
                ("  was under way as the run broke off", "$foreground 60%"),
            )
        request = asking.asked
        more = len(self._waiting) - 1
        parts = Content.assemble(
            ("Allow ", "$foreground 70%"),
            (line(request.call.name, 60), "bold $accent"),
            ("?  ", "$foreground 70%"),
            (line(request.reason.removeprefix(f"{request.call.name} "), 240), "$foreground 60%"),
        )
        return parts + Content.styled(f"  ({more} more)", "$foreground 50%") if more else parts

    def _text(self, asking: Asking) -> Content:
        if isinstance(asking.asked, str):
            return Content(prose(asking.asked))
        rows: list[Content] = []
        call = asking.asked if isinstance(asking.asked, ToolCall) else asking.asked.call
        tool = None if isinstance(asking.asked, ToolCall) else asking.asked.tool
        found = diffs.foreseen(tool, call.arguments, self.workspace) if tool else None
        if tool is not None and found is not None:
            added, removed = diffs.count(found)
            places = "  ".join(line(str(call.arguments.get(name, "")), 120) for name in tool.paths)
            rows.append(Content.assemble((places, "bold"), (f"  +{added} -{removed}", "$foreground 60%")))
            rows += [
                Content.styled(_SIGNS.get(each.kind, "") + output(each.text), _STYLES.get(each.kind, "$foreground 75%"))
                for each in found[: card_text.MAX_BODY_LINES]
            ]
            return Content("\n").join(rows)
        for name, value in call.arguments.items():
            shown = output(value if isinstance(value, str) else repr(value))
            head = Content.styled(f"{line(name, 60)}: ", "$foreground 55%")
            rows.append(head + Content(shown if "\n" not in shown else "\n" + shown))
        return Content("\n").join(rows)
