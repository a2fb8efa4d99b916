"""The widget of each kind of block: imported with the first that is shown."""

from typing import Any

from textual.widget import Widget

from agentx_tui.blocks import Block
from agentx_tui.glyphs import Glyphs
from agentx_tui.widgets.answer import AnswerBlock
from agentx_tui.widgets.card import CardBlock
from agentx_tui.widgets.lines import DraftBlock, EndBlock, NoteBlock, ThoughtBlock, UserBlock, WritingBlock

_KINDS: dict[str, type[Any]] = {
    "user": UserBlock,
    "thought": ThoughtBlock,
    "writing": WritingBlock,
    "draft": DraftBlock,
    "note": NoteBlock,
    "end": EndBlock,
    "card": CardBlock,
}


def made(block: Block, glyphs: Glyphs, folded: bool) -> Widget:
    """Args: folded: as it begins, where it can be folded."""
    if block.kind == "answer":
        return AnswerBlock(block.value, glyphs)
    widget = _KINDS[block.kind](block.value, glyphs)
    widget.folded = folded
    return widget
