"""A scroll bar that is drawn again only where it would look different: as text streams it seldom does."""

from math import ceil
from typing import Any, Self

from textual.geometry import Region
from textual.scrollbar import ScrollBar

_STEPS = 8
"""Of a cell, in which the ends of the thumb move."""


class StillBar(ScrollBar):
    """Textual's own is drawn at each change of what it measures, and with it the lines that it stands beside."""

    _drawn: tuple[Any, ...] = ()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        if self.is_mounted and repaint and not layout and not recompose:
            if (look := self._look()) == self._drawn:
                return self
            self._drawn = look
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _look(self) -> tuple[Any, ...]:
        """All that the drawing depends on."""
        styles = self.parent.styles if self.parent else self.styles
        colours = (
            (styles.scrollbar_color_active, styles.scrollbar_background_active)
            if self.grabbed
            else (styles.scrollbar_color_hover, styles.scrollbar_background_hover)
            if self.mouse_over
            else (styles.scrollbar_color, styles.scrollbar_background)
        )
        return self.size, self.app.theme, *colours, *self._thumb()

    def _thumb(self) -> tuple[int, int]:
        """Where it begins and how long it is, in eighths of a cell, as Textual computes it; zeros for none."""
        size, whole, window = self.size.height, ceil(self.window_virtual_size), ceil(self.window_size)
        if not size or not window or window >= whole:
            return 0, 0
        length = max(1.0, window * size / whole)
        return int((size - length) * self.position / (whole - window) * _STEPS), ceil(length * _STEPS)
