"""Cuts a view into blocks, the pieces that the transcript mounts; blocks of turns that are over never change again."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from agentx_tui.rope import Rope
from agentx_tui.segments import Splitter
from agentx_tui.view import Added, Answer, Card, Item, Note, Thought, Turn, View, Writing

Kind: TypeAlias = Literal["user", "thought", "writing", "answer", "draft", "card", "note", "end"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of the transcript; `value` is what its widget shows."""

    kind: Kind
    value: Any


@dataclass(frozen=True, slots=True)
class End:
    """How a turn ended, where that is worth a line."""

    status: str
    error: str
    unverified: tuple[str, ...] = ()


class Book:
    """The blocks of one conversation, kept up to date with its views."""

    def __init__(self) -> None:
        self._past = 0
        self._closed = 0
        self._splitters: dict[int, tuple[Splitter, Rope, str]] = {}

    def update(self, view: View) -> tuple[int, list[Block]]:
        """How many of the blocks given before still hold, and those that stand behind them."""
        start = self._closed
        tail: list[Block] = []
        for turn in view.turns[self._past :]:
            mine = self._of(turn)
            tail += mine
            if turn is not view.turn:
                self._past += 1
                self._closed += len(mine)
                self._splitters.clear()
        return start, tail

    def _of(self, turn: Turn) -> list[Block]:
        blocks = [Block("user", turn.task)]
        for at, item in enumerate(turn.items):
            blocks += self._of_item(at, item)
        unverified = next((item.unverified for item in turn.items if isinstance(item, Answer) and item.unverified), ())
        if turn.over and (turn.status != "ok" or unverified):
            blocks.append(Block("end", End(turn.status, turn.error or "", unverified)))
        return blocks

    def _of_item(self, at: int, item: Item) -> list[Block]:
        match item:
            case Answer(state="draft"):
                return [Block("draft", str(item.text))]
            case Answer():
                return [Block("answer", text) for text in self._segments(at, item) if text.strip()]
            case Thought():
                return [Block("thought", str(item.text))]
            case Writing():
                return [Block("writing", str(item.text))]
            case Card():
                return [Block("card", item)]
            case Added():
                return [Block("user", item.text)]
            case Note():
                return [Block("note", item)]

    def _segments(self, at: int, item: Answer) -> list[str]:
        splitter, fed, state = self._splitters.get(at, (Splitter(), Rope(), item.state))
        if state != item.state or not item.text.goes_on_from(fed):
            # The final text need not be what was streamed, nor the session the one that was shown.
            splitter, fed = Splitter(), Rope()
        splitter.feed(item.text.since(len(fed)))
        self._splitters[at] = (splitter, item.text, item.state)
        return list(splitter.segments)
