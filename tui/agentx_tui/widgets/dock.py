"""Where a decision is made: over the prompt and not a modal, so that the conversation can be read meanwhile.

Its keys and clicks count only once the question is on the screen and nothing was typed for a while (see
`agentx_tui.arming`), so that no word of a sentence decides anything, and none allows what was not there to be seen.
"""

from pathlib import Path
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static, TextArea

from agentx.messages import ToolCall
from agentx_tui import card_text, diffs
from agentx_tui.arming import QUIET_S, Arming
from agentx_tui.decisions import Choice, NotYet, beginning, choices, decided
from agentx_tui.keymap import KEYS
from agentx_tui.printable import argument, line, prose
from agentx_tui.signals import Asked, Asking

TOO_EARLY = "That came too early to be meant for this; press it again."
_SHOWN = {key.id: key.shown for key in KEYS}
MAX_ROWS = 14
"""Of a call that are on the screen at once."""
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
        def __init__(self, asking: Asking, choice: Choice) -> None:
            super().__init__()
            self.asking = asking
            self.choice = choice

    def __init__(self, asking: Asking, choice: Choice) -> None:
        super().__init__(Content.assemble((_SHOWN[choice.id], "bold $primary"), (f" {choice.label}", "")))
        self.asking = asking
        self.choice = choice

    def on_click(self) -> None:
        self.post_message(self.Picked(self.asking, self.choice))


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
        self._drawn: Asking | None = None
        self._shown: Asking | None = None  # what was drawn and has come to the screen
        self._choice: Choice | None = None
        self._arming = Arming()
        self._timer: Timer | None = None
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static("", id="dock-title")
        with VerticalScroll(id="dock-body", can_focus=False):
            yield Static("", id="dock-text")
        yield Static("", id="dock-more")
        yield Vertical(id="dock-options")
        yield Static("", id="dock-problem")
        yield Entry()

    def on_mount(self) -> None:
        self.app.screen_change_signal.subscribe(self, self._uncovered)
        self.watch(self.query_one("#dock-body"), "scroll_y", self._count, init=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    @property
    def asking(self) -> Asking | None:
        return self._waiting[0] if self._waiting else None

    def put(self, asking: Asking) -> None:
        self._waiting.append(asking)
        self.call_later(self._draw if len(self._waiting) == 1 else self._entitle)

    def withdraw(self, asking: Asking) -> None:
        if asking in self._waiting:
            # What is being written belongs to the first, and is not lost with another.
            draw = self._draw if asking is self.asking else self._entitle
            self._waiting.remove(asking)
            self.call_later(draw)

    def page(self, by: int) -> bool:
        """Moves a page on (1) or back (-1) in what is asked about; False where that shows its end already."""
        body = self.query_one("#dock-body")
        rest = body.max_scroll_y - body.scroll_y if by > 0 else body.scroll_y
        if not self.display or not body.display or rest <= 0:
            return False
        body.scroll_to(y=body.scroll_y + by * body.size.height, animate=False, immediate=True)
        return True

    def _fit(self) -> None:
        """Leaves the call the rows that the choices leave it: neither cuts the other off."""
        limit = self.styles.max_height
        if not self.display or limit is None:
            return
        body, more = self.query_one("#dock-body"), self.query_one("#dock-more")
        others = [child for child in self.children if child.display and child not in (body, more)]
        taken = sum(child.outer_size.height + child.styles.margin.height for child in others)
        room = int(limit.resolve(self.app.size, self.app.size)) - self.gutter.height - body.styles.margin.height - taken
        is_cut = self.query_one("#dock-text").outer_size.height > min(room, MAX_ROWS)
        more.display = body.display and is_cut
        body.styles.max_height = max(1, min(room - is_cut, MAX_ROWS))
        self.call_after_refresh(self._count)

    def _count(self) -> None:
        """Says how much of the call is not on the screen."""
        body, more = self.query_one("#dock-body"), self.query_one("#dock-more", Static)
        if not more.display:
            return
        above, below = int(body.scroll_y), int(body.max_scroll_y - body.scroll_y)
        key, where = ("page-down", "below") if below else ("page-up", "above")
        rows = below or above
        more.update(Content(f"{rows:,} {'line' if rows == 1 else 'lines'} {where}   {_SHOWN[key]}"))

    @property
    def armed(self) -> bool:
        """Whether the keys count as far as the question is concerned; what was typed is looked at as one comes."""
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
            self._arming.repeats(id)  # it may still be held down when the next question comes
        elif asking is None or asking is not self.asking:
            self._arming.keep(id, quiet_s)
        else:
            for choice in choices(asking.asked):
                if choice.id == id:
                    self._press(asking, choice, quiet_s)

    def on_option_picked(self, event: Option.Picked) -> None:
        event.stop()
        # The question may have been taken back since, and another stand where it stood.
        if self._choice is None and event.asking is self._shown is self.asking:
            self._press(event.asking, event.choice, QUIET_S)

    def _press(self, asking: Asking, choice: Choice, quiet_s: float) -> None:
        if self._arming.counts(choice.id, quiet_s):
            self._pick(asking, choice)
            return
        self._arming.disturbed()
        self._tell(TOO_EARLY)
        self._arm(QUIET_S)

    def _pick(self, asking: Asking, choice: Choice) -> None:
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
        self.call_after_refresh(self._fit)

    def on_entry_entered(self) -> None:
        asking, choice = self._shown, self._choice
        if asking is None or asking is not self.asking or choice is None:
            return  # what was entered is not meant for the question after it
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
        self.call_after_refresh(self._fit)

    async def _draw(self) -> None:
        asking = self.asking
        had_focus = self.query_one(Entry).has_focus
        before, self._choice, self._shown, self._drawn = self._shown, None, None, None
        self.display = asking is not None
        self.query_one(Entry).display = False
        self._tell("")
        if had_focus:
            self.post_message(self.FocusBack())
        if asking is None:
            return
        self._entitle()
        text, body = _text(asking.asked, self.workspace), self.query_one("#dock-body")
        body.display = bool(text)
        self.query_one("#dock-text", Static).update(text)
        if asking is not before:
            self.add_class("-unarmed")
            body.scroll_to(y=0, animate=False, immediate=True)
        options = self.query_one("#dock-options")
        options.display = True
        await options.remove_children()
        await options.mount_all([Option(asking, choice) for choice in choices(asking.asked)])
        self._drawn = asking
        self.call_after_refresh(self._painted, asking, asking is not before)

    def _painted(self, asking: Asking, is_new: bool) -> None:
        """Only now is a question on the screen; where a page is over it, not before that is gone."""
        self._fit()
        if not (asking is self._drawn is self.asking) or asking is self._shown or self.app.screen is not self.screen:
            return
        if is_new:
            self._arm(self._arming.shown(asking.asked))
        self._shown = asking
        if kept := self._arming.kept():
            self.decide(kept, QUIET_S)

    def _uncovered(self, screen: Screen[Any]) -> None:
        if screen is self.screen and self._drawn is not None:
            self.call_after_refresh(self._painted, self._drawn, True)

    class FocusBack(Message):
        """What was entered in here is done with."""

    def _entitle(self) -> None:
        if self.asking is not None:
            self.query_one("#dock-title", Static).update(self._title(self.asking))

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


def _text(asked: Asked, workspace: Path) -> Content:
    """What is asked about: of a call all its arguments, and what it would change where they tell that."""
    if isinstance(asked, str):
        return Content(prose(asked))
    rows: list[Content] = []
    told: set[str] = set()
    call, tool = (asked, None) if isinstance(asked, ToolCall) else (asked.call, asked.tool)
    if tool is not None and (found := diffs.foreseen(tool, call.arguments, workspace)) is not None:
        added, removed = diffs.count(found)
        places = "  ".join(argument(str(call.arguments.get(name, ""))) for name in tool.paths)
        rows.append(Content.assemble((places, "bold"), (f"  +{added} -{removed}", "$foreground 60%")))
        rows += _change(found)
        told = {*tool.paths, *(diffs.compared(tool, call.arguments) or ())}
    for name, value in call.arguments.items():
        if name not in told:
            shown = argument(value if isinstance(value, str) else repr(value))
            head = Content.styled(f"{line(name, 60)}: ", "$foreground 55%")
            rows.append(head + Content(shown if "\n" not in shown else "\n" + shown))
    return Content("\n").join(rows)


def _change(found: list[diffs.DiffLine]) -> list[Content]:
    rows: list[Content] = []
    for each in found[: card_text.MAX_BODY_LINES]:
        style = _STYLES.get(each.kind, "$foreground 75%")
        rows.append(Content.styled(_SIGNS.get(each.kind, "") + argument(each.text), style))
    if (rest := len(found) - len(rows)) > 0:
        rows.append(Content.styled(f"{rest:,} more lines are left out here", "bold $warning"))
    return rows
