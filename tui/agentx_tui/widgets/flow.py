"""A layout of lines, as words are set: children side by side, as many as a row holds."""

from textual.geometry import NULL_OFFSET, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

GAP = 2


class Flow(Layout):
    """Of children of one row each, as wide as what they say."""

    name = "flow"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        placed: ArrangeResult = []
        x = y = 0
        for child in children:
            width = min(child.get_content_width(size, parent.app.size), size.width)
            if x > 0 and x + width > size.width:
                x, y = 0, y + 1
            placed.append(WidgetPlacement(Region(x, y, width, 1), NULL_OFFSET, child.styles.margin, child))
            x += width + GAP
        return placed


FLOW = Flow()
