"""For terminals that know only ASCII: signs that Textual or a text draws beyond it become those that come near."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_NEAR = {
    "-": "─━═╌┄▔▁▂▃",
    "|": "│┃║▌▐▏▎▕┆",
    "+": "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛",
    "#": "█▇▆▅▄▀",
    ".": "…",
    "*": "•·◆●",
    "'": "‘’",
    '"': "“”",
    "? ": "🔎",
}
"""Each as wide as what it stands for."""
_TABLE = str.maketrans({sign: near for near, signs in _NEAR.items() for sign in signs})


class AsciiFilter(LineFilter):
    """Letters of other scripts stay: who writes them has a terminal that shows them."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text.translate(_TABLE), style, control) for text, style, control in segments]
