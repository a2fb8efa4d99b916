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
}


def made(block: Block, glyphs: Glyphs, workspace: str, folded: bool) -> Widget:
    """The widget of one block.

    Args:
        workspace: of the session that it is of; "" where that has not begun.
        folded: as it begins, where it can be folded.
    """
    if block.kind == "answer":
        return AnswerBlock(block.value, glyphs)
    is_card = block.kind == "card"
    widget = CardBlock(block.value, glyphs, workspace) if is_card else _KINDS[block.kind](block.value, glyphs)
    widget.folded = folded
    return widget
