"""The signs that the screens are drawn with: one set, and one for terminals that know only ASCII."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agentx_tui.view import CardStatus


class Glyphs(NamedTuple):
    """One character each, but `spinner`, which is one a frame, and `levels`, which are low to high."""

    brand: str = "◆"
    user: str = "▌"
    folded: str = "▸"
    unfolded: str = "▾"
    pending: str = "·"
    approval: str = "◇"
    running: str = "●"
    success: str = "✓"
    error: str = "✗"
    rejected: str = "⊘"
    cancelled: str = "◌"
    timed_out: str = "◷"
    thought: str = "∴"
    notice: str = "▲"
    dot: str = "·"
    up: str = "↑"
    down: str = "↓"
    ellipsis: str = "…"
    bar: str = "│"
    full: str = "▰"
    empty: str = "▱"
    prompt: str = "❯"
    bullet: str = "•"
    rule: str = "─"
    levels: str = "▁▂▃▄▅▆▇█"
    spinner: str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

    def of(self, status: "CardStatus") -> str:
        name = {"question": "approval", "timed-out": "timed_out"}.get(status, status)
        return getattr(self, name)


UNICODE = Glyphs()
ASCII = Glyphs(
    brand="*",
    user="|",
    folded=">",
    unfolded="v",
    pending=".",
    approval="?",
    running="o",
    success="+",
    error="x",
    rejected="-",
    cancelled="~",
    timed_out="!",
    thought="#",
    notice="!",
    dot="-",
    up="^",
    down="v",
    ellipsis=".",
    bar="|",
    full="=",
    empty="-",
    prompt=">",
    bullet="*",
    rule="-",
    levels="_.-=+*%#",
    spinner="|/-\\",
)
assert all(ord(sign) < 128 for signs in ASCII for sign in signs)
