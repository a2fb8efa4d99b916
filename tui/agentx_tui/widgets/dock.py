"""Where a decision is made: over the prompt and not a modal, so that the conversation can be read meanwhile.

Its keys and clicks count only once the question is on the screen and nothing was typed for a while (see
`agentx_tui.arming`), so that no word of a sentence decides anything, and none allows what was not there to be seen.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.errors import NoWidget
from textual.layout import Layout
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from agentx.messages import ToolCall
from agentx_tui import keymap
from agentx_tui.arming import QUIET_S, Arming
from agentx_tui.printable import line
from agentx_tui.widgets.entry import Entry
from agentx_tui.widgets.flow import FLOW

if TYPE_CHECKING:
    from agentx_tui.decisions import Choice
    from agentx_tui.signals import Asking

TOO_EARLY = "That came too early to be meant for this; press it again."
NO_ROOM = "There is no room to show what this would allow: make the window higher, or what you write shorter."
MAX_ROWS = 14
"""Of a call that are on the screen at once."""
LOW_ROWS = 18
"""Fewer than these has a low screen: no border and no gaps there, and why it is asked scrolls with the call."""


class Option(Static):
    """One choice, which may be clicked too; `key` is how its key is written."""

    class Picked(Message):
        def __init__(self, asking: "Asking", choice: "Choice") -> None:
            super().__init__()
            self.asking = asking
            self.choice = choice

    def __init__(self, asking: "Asking", choice: "Choice", key: str) -> None:
        super().__init__(Content.assemble((key, "bold $primary"), (f" {choice.label}", "")))
        self.asking = asking
        self.choice = choice

    def on_click(self) -> None:
        self.post_message(self.Picked(self.asking, self.choice))


class Options(Vertical):
    """The choices: in columns, and on a low screen as many in a row as it holds."""

    @property
    def layout(self) -> Layout:
        return FLOW if self.parent is not None and self.parent.has_class("-low") else super().layout


class Dock(Vertical):
    """Shows what waits for the person's word, one after the other."""

    class Decided(Message):
        def __init__(self, asking: "Asking", word: Any) -> None:
            super().__init__()
            self.asking = asking
            self.word = word

    def __init__(self, keys: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys = keymap.names(keys)
        self.workspace = Path.cwd()
        self._waiting: list[Asking] = []
        self._drawn: Asking | None = None
        self._shown: Asking | None = None  # what was drawn and has come to the screen
        self._choice: Choice | None = None
        self._arming = Arming()
        self._timer: Timer | None = None
        self._is_seen = True
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static("", id="dock-title")
        with VerticalScroll(id="dock-body", can_focus=False):
            yield Static("", id="dock-text")
        yield Static("", id="dock-more")
        yield Options(id="dock-options")
        yield Static("", id="dock-problem")
        yield Entry()

    def on_mount(self) -> None:
        self.app.screen_change_signal.subscribe(self, self._uncovered)
        self.screen.screen_layout_refresh_signal.subscribe(self, self._fit)
        self.watch(self.query_one("#dock-body"), "scroll_y", self._count, init=False)

    @property
    def asking(self) -> "Asking | None":
        return self._waiting[0] if self._waiting else None

    def put(self, asking: "Asking") -> None:
        self._waiting.append(asking)
        self.call_later(self._draw if len(self._waiting) == 1 else self._entitle)

    def withdraw(self, asking: "Asking") -> None:
        if asking in self._waiting:
            # What is being written belongs to the first, and is not lost with another.
            draw = self._draw if asking is self.asking else self._entitle
            self._waiting.remove(asking)
            self.call_later(draw)

    def page(self, by: int) -> bool:
        """Moves a page on (1) or back (-1) in what is asked about; False where that shows its end already."""
        if not self.display:
            return False
        body = self.query_one("#dock-body")
        rest = body.max_scroll_y - body.scroll_y if by > 0 else body.scroll_y
        if not body.display or rest <= 0:
            return False
        body.scroll_to(y=body.scroll_y + by * max(1, body.size.height), animate=False, immediate=True)
        return True

    def _fit(self, _: object = None) -> None:
        """Leaves the call the rows that the choices leave it: neither cuts the other off, and the choices go first."""
        limit = self.styles.base.max_height
        if not self.display or limit is None:
            return
        if _lower(self):
            # The layout that follows is fitted; the choices are laid out in another way if they are mounted anew.
            self.call_later(self._write if self._choice else self._draw)
            return
        body, more, entry = self.query_one("#dock-body"), self.query_one("#dock-more"), self.query_one(Entry)
        room, text = _room(self), self.query_one("#dock-text").outer_size.height
        taken = self.gutter.height + body.styles.margin.height
        taken += sum(_rows(child) for child in self.children if child.display and child not in (body, more, entry))
        least = min(2, text) if body.display else 0  # one of its rows, and how many there are beside it
        if entry.display:
            taken += entry.fit(room - taken - least)
        whole = min(room, max(int(limit.resolve(self.app.size, self.app.size)), taken + least))
        free = max(0, whole - taken)
        is_cut = text > min(free, MAX_ROWS)
        more.display = body.display and is_cut and free > 1
        body.styles.max_height = min(free - more.display, MAX_ROWS)
        self.styles.max_height = whole
        self.call_after_refresh(self._count)

    def _count(self) -> None:
        """Says how much of the call is not on the screen."""
        body, more = self.query_one("#dock-body"), self.query_one("#dock-more", Static)
        if self._shown is not None:
            if (is_seen := _is_seen(body)) and not self._is_seen:
                self._disturb("")  # it has only just come to the screen
            self._is_seen = is_seen
        if not more.display:
            return
        above, below = int(body.scroll_y), int(body.max_scroll_y - body.scroll_y)
        key, where = ("page-down", "below") if below else ("page-up", "above")
        rows = below or above
        # Its height is fixed, and a layout would be fitted anew.
        more.update(Content(f"{rows:,} {'line' if rows == 1 else 'lines'} {where}   {self._keys[key]}"), layout=False)

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
            for option in self.query(Option):
                if option.choice.id == id:
                    self._press(asking, option.choice, quiet_s)

    def on_option_picked(self, event: Option.Picked) -> None:
        event.stop()
        # The question may have been taken back since, and another stand where it stood.
        if self._choice is None and event.asking is self._shown is self.asking:
            self._press(event.asking, event.choice, QUIET_S)

    def _press(self, asking: "Asking", choice: "Choice", quiet_s: float) -> None:
        if not _refuses(asking, choice) and not _is_seen(self.query_one("#dock-body")):
            self._arming.disturbed()
            self.notify(NO_ROOM, severity="warning")
        elif self._arming.counts(choice.id, quiet_s):
            self._pick(asking, choice)
        else:
            self._disturb(TOO_EARLY)

    def _disturb(self, problem: str) -> None:
        self._arming.disturbed()
        self._tell(problem)
        self._arm(QUIET_S)

    def _pick(self, asking: "Asking", choice: "Choice") -> None:
        self._arming.decided(choice.id, asking.asked)
        if not choice.entry:
            self._settle(asking, choice.decided(asking.asked))
            return
        self._choice = choice
        self._tell("")
        self.query_one("#dock-options").display = False
        beginning = choice.beginning(asking.asked)
        self.query_one(Entry).begin(choice.entry, beginning, is_json=choice.id == "edit")
        self.call_after_refresh(self._fit)

    def on_entry_entered(self) -> None:
        from agentx_tui.decisions import NotYet

        asking, choice = self._shown, self._choice
        if asking is None or asking is not self.asking or choice is None:
            return  # what was entered is not meant for the question after it
        try:
            self._settle(asking, choice.decided(asking.asked, self.query_one(Entry).text))
        except NotYet as problem:
            self._tell(str(problem))

    def on_entry_left(self) -> None:
        self.call_later(self._draw)

    def _settle(self, asking: "Asking", word: Any) -> None:
        self.withdraw(asking)
        self.post_message(self.Decided(asking, word))

    def _tell(self, problem: str) -> None:
        found = self.query_one("#dock-problem", Static)
        found.display = bool(problem)
        found.update(Content(line(problem, 300)))
        self.call_after_refresh(self._fit)

    async def _draw(self) -> None:
        from agentx_tui.decisions import choices

        asking = self.asking
        had_focus = self.query_one(Entry).has_focus
        before, self._choice, self._shown, self._drawn = self._shown, None, None, None
        self.display = asking is not None
        _lower(self)
        self.query_one(Entry).display = self.query_one(Entry).can_focus = False
        self._tell("")
        if had_focus:
            self.post_message(self.FocusBack())
        if asking is None:
            return
        self._write()
        body = self.query_one("#dock-body")
        if asking is not before:
            self._is_seen = True
            self.add_class("-unarmed")
            body.scroll_to(y=0, animate=False, immediate=True)
        options = self.query_one("#dock-options")
        options.display = True
        await options.remove_children()
        await options.mount_all([Option(asking, choice, self._keys[choice.id]) for choice in choices(asking.asked)])
        self._drawn = asking
        self.call_after_refresh(self._painted, asking, asking is not before)

    def _painted(self, asking: "Asking", is_new: bool) -> None:
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

    def _write(self) -> None:
        """Writes what is asked, and about what."""
        from agentx_tui import dock_text

        if (asking := self.asking) is None:
            return
        self._entitle()
        text = dock_text.body(asking.asked, self.workspace, has_reason=self.has_class("-low"))
        self.query_one("#dock-body").display = bool(text)
        self.query_one("#dock-text", Static).update(text)

    def _entitle(self) -> None:
        from agentx_tui import dock_text

        if self.asking is not None:
            more = len(self._waiting) - 1
            title = dock_text.title(self.asking.asked, more, has_reason=not self.has_class("-low"))
            self.query_one("#dock-title", Static).update(title)


def _rows(widget: Widget) -> int:
    """That it takes, with the gaps above and below it."""
    return widget.outer_size.height + widget.styles.margin.height


def _lower(dock: Dock) -> bool:
    """Has what is around the dock give way to what it asks; whether the screen has become low, or is no longer."""
    was_low, is_low = dock.has_class("-low"), dock.app.size.height < LOW_ROWS
    dock.screen.set_class(dock.display, "-asking").set_class(dock.display and is_low, "-asking-low")
    return was_low != dock.set_class(is_low, "-low").has_class("-low")


def _refuses(asking: "Asking", choice: "Choice") -> bool:
    """Whether a choice lets nothing be done, and so needs no look at the call."""
    return choice.id == "why" or (choice.id == "deny" and not isinstance(asking.asked, ToolCall))


def _is_seen(body: Widget) -> bool:
    """Whether there is a row of the call on the screen, where there is anything to show."""
    try:
        return not body.display or body.screen.find_widget(body).visible_region.height > 0
    except NoWidget:
        return False


def _room(dock: Dock) -> int:
    """The rows that the lines above and below it leave it; the conversation, which gives way, keeps one."""
    looks = [(each, each.styles) for each in dock.visible_siblings]
    beside = [each for each, style in looks if not (style.is_docked or style.is_relative_height)]
    return dock.app.size.height - sum(map(_rows, beside)) - 1
