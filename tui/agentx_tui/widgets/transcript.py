"""The conversation as it is seen: a window of mounted blocks over all there are, with its own stick to the end."""

from typing import TYPE_CHECKING, Any

from textual.containers import VerticalScroll
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widget import Widget

from agentx_tui.glyphs import Glyphs

if TYPE_CHECKING:
    from textual.scrollbar import ScrollBar

    from agentx_tui.blocks import Block, Book
    from agentx_tui.view import View

MAX_MOUNTED = 60
STEP = 20
"""Blocks that the window moves by where somebody scrolls out of it."""
NEAR_ROWS = 2
"""Who is no farther from the end than this is taken along as it grows."""


class Transcript(VerticalScroll, can_focus=False):
    """Shows views; `show` may be called as often as one likes, the latest is what is shown."""

    class Moved(Message):
        """The end has come out of sight or back into it, or has grown out of sight."""

        def __init__(self, rows_below: int) -> None:
            super().__init__()
            self.rows_below = rows_below

    # Textual lays all out once more where this changes, for the sake of scrollbars; they are seen to without.
    virtual_size = Reactive(Size(0, 0), repaint=False)

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._book: Book | None = None
        self._blocks: list[Block] = []
        self._first = 0
        self._mounted: list[Widget] = []
        self._wanted: View | None = None
        self._shown: View | None = None
        self._syncing = False
        self._moving = False
        self._held = False
        self.stuck = True
        self.all_unfolded = False

    @property
    def vertical_scrollbar(self) -> "ScrollBar":
        if self._vertical_scrollbar is None:
            from agentx_tui.widgets.still_bar import StillBar

            self._vertical_scrollbar = StillBar(name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)  # pyright: ignore[reportPrivateUsage] - as Textual does
        return self._vertical_scrollbar

    def render_lines(self, crop: Region) -> list[Strip]:
        # What blocks leave free is of one colour; Textual would make it line by line whenever it scrolls.
        blank, background = Strip.blank(crop.width, self.visual_style.rich_style), self.background_colors[1]
        for each in self.get_line_filters():
            blank = blank.apply_filter(each, background)
        return [blank] * crop.height

    def show(self, view: "View") -> None:
        self._wanted = view
        if not self._syncing:
            self._syncing = True
            self.call_later(self._sync)

    async def _sync(self) -> None:
        from agentx_tui.blocks import Book

        try:
            while (view := self._wanted) is not None:
                self._wanted = None
                is_another = self._shown is not None and _is_another(self._shown, view)
                if is_another:
                    await self.restart()
                self._shown, self._book = view, self._book or Book()
                start, tail = self._book.update(view)
                await self._replace(start, tail)
                if is_another:
                    await self.to_end()
        finally:
            self._syncing = False

    async def restart(self) -> None:
        """Nothing has been said yet."""
        self._book, self._blocks, self._first, self.stuck = None, [], 0, True
        self._mounted = []
        await self.remove_children()

    async def _replace(self, start: int, tail: "list[Block]") -> None:
        old = self._blocks[start:]
        same = 0
        while same < min(len(old), len(tail)) and old[same].kind == tail[same].kind:
            if old[same].value is not tail[same].value and old[same].value != tail[same].value:
                shown: Any = self._widget(start + same)
                if shown is not None:
                    await shown.show(tail[same].value)
            same += 1
        at_end = self._last == len(self._blocks)
        gone = self._mounted[max(0, start + same - self._first) :] if self._last > start + same else []
        self._blocks[start:] = tail
        if gone:
            self._mounted = self._mounted[: len(self._mounted) - len(gone)]
            await self.remove_children(gone)
        if at_end and (self.stuck or self._last - self._first < MAX_MOUNTED):
            await self._mount_until(len(self._blocks))
            await self._trim_top()

    @property
    def _last(self) -> int:
        return self._first + len(self._mounted)

    @property
    def mounted_blocks(self) -> int:
        return len(self._mounted)

    def _widget(self, at: int) -> Widget | None:
        return self._mounted[at - self._first] if self._first <= at < self._last else None

    def _made(self, block: "Block") -> Widget:
        from agentx_tui.widgets import block_widgets

        workspace = self._shown.workspace if self._shown else ""
        return block_widgets.made(block, self._glyphs, workspace, folded=not self.all_unfolded)

    async def _mount_until(self, end: int) -> None:
        new = [self._made(block) for block in self._blocks[self._last : end]]
        if len(new) > MAX_MOUNTED:
            # A session that is read back: what scrolled by long ago need not be made first.
            await self.remove_children(self._mounted)
            self._first, self._mounted, new = end - MAX_MOUNTED, [], new[-MAX_MOUNTED:]
        if new:
            self._mounted += new
            await self.mount_all(new)

    async def _trim_top(self) -> None:
        if not self.stuck or len(self._mounted) <= MAX_MOUNTED:
            return
        # Few at a time: to take away many at once would hold up the screen.
        gone = self._mounted[: len(self._mounted) - MAX_MOUNTED]
        self._mounted = self._mounted[len(gone) :]
        self._first += len(gone)
        await self.remove_children(gone)

    async def _earlier(self) -> None:
        """Moves the window up; what is in sight stays where it is."""
        anchor = self._mounted[0]
        new = [self._made(block) for block in self._blocks[max(0, self._first - STEP) : self._first]]
        before = anchor.virtual_region.y - self.scroll_offset.y
        self._first -= len(new)
        self._mounted = new + self._mounted
        await self.mount_all(new, before=anchor)
        gone = self._mounted[MAX_MOUNTED:]
        self._mounted = self._mounted[:MAX_MOUNTED]
        await self.remove_children(gone)
        self._keep(anchor, before)

    async def _later(self) -> None:
        """Moves the window down."""
        anchor = self._mounted[-1]
        before = anchor.virtual_region.y - self.scroll_offset.y
        await self._mount_until(min(len(self._blocks), self._last + STEP))
        gone = self._mounted[: max(0, len(self._mounted) - MAX_MOUNTED)]
        self._mounted = self._mounted[len(gone) :]
        self._first += len(gone)
        await self.remove_children(gone)
        self._keep(anchor, before)

    def _keep(self, anchor: Widget, row: int) -> None:
        def put() -> None:
            self.scroll_to(y=anchor.virtual_region.y - row, animate=False, immediate=True)
            self._moving = False

        self.call_after_refresh(put)

    @property
    def rows_below(self) -> int:
        return max(0, round(self.max_scroll_y - self.scroll_y))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self.is_mounted or self._moving:
            return
        self._stick(self.rows_below <= NEAR_ROWS and self._last == len(self._blocks))
        if new_value < old_value and new_value <= NEAR_ROWS and self._first > 0:
            self._moving = True
            self.call_later(self._earlier)
        elif new_value > old_value and self.rows_below <= NEAR_ROWS and self._last < len(self._blocks):
            self._moving = True
            self.call_later(self._later)
        self.post_message(self.Moved(0 if self.stuck else max(1, self.rows_below)))

    def watch_virtual_size(self, old_size: Size, new_size: Size) -> None:
        if self.stuck:
            self._hold(self._overflows)
        elif old_size.height != new_size.height:
            self.post_message(self.Moved(max(1, self.rows_below)))

    def on_resize(self) -> None:
        self._hold(self.stuck and self._overflows)

    @property
    def _overflows(self) -> bool:
        return self.virtual_size.height > self.size.height > 0

    def _stick(self, stuck: bool) -> None:
        if stuck != self.stuck:
            self.stuck = stuck
            self._hold(stuck and self._overflows)

    def _hold(self, held: bool) -> None:
        """Textual's anchor puts the end in place as it lays out, but takes hold only where there is much to scroll."""
        if held != self._held:
            self._held = held
            self.call_next(self.anchor, held)
            if not held:
                self.release_anchor()

    async def to_end(self) -> None:
        """Shows the end, and what comes from now on."""
        self.stuck = True
        if self._last < len(self._blocks):
            await self._mount_until(len(self._blocks))
            await self._trim_top()
        self._held = False
        self._hold(self._overflows)
        self.post_message(self.Moved(0))

    def fold_all(self, folded: bool) -> None:
        self.all_unfolded = not folded
        for widget in self._mounted:
            if fold := getattr(widget, "set_folded", None):
                fold(folded)

    def tick(self) -> None:
        """Moves the clocks of calls that run."""
        head: Any
        for head in self.query("CardHead"):
            if head.card.status == "running":
                head.tick()

    @property
    def pointed(self) -> Widget | None:
        return next((widget for widget in self._mounted if widget.has_focus), None)

    def beside(self, by: int) -> Widget | None:
        """The block above (-1) or below (1) the one that is pointed at; None past the last."""
        if self.pointed is None:
            return self._mounted[-1] if by < 0 and self._mounted else None
        at = self._mounted.index(self.pointed) + by
        return self._mounted[max(0, at)] if at < len(self._mounted) else None

    def point_at(self, block: Widget | None) -> None:
        for widget in self._mounted:
            # Else a click or Tab would take the keys from the prompt.
            widget.can_focus = widget is block
            widget.set_class(widget is block, "-at")
        if block is not None:
            block.focus(scroll_visible=False)
            self.scroll_to_widget(block, animate=False)


def _is_another(before: "View", now: "View") -> bool:
    """Whether a view does not go on from the one before: turns that are over are the same values for good, and the
    latest keeps its task and its session."""
    over = len(before.past)
    if len(now.past) < over or (over > 0 and now.past[over - 1] is not before.past[-1]):
        return True
    later = now.past[over] if len(now.past) > over else now.turn
    if before.turn is None or later is before.turn:
        return False
    return later is None or (later.task, now.session_id) != (before.turn.task, before.session_id)
