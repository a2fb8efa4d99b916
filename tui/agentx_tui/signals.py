"""What the engine tells the screen beside the events of a run: none of it is kept in a journal."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from agentx.cli.setup import Setup
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest
from agentx_tui.view import View
from agentx_tui.weights import Missing

Asked: TypeAlias = ApprovalRequest | ToolCall | str


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Settings are read and tools are loaded."""

    setup: Setup


@dataclass(frozen=True, slots=True, eq=False)
class Unprepared:
    """They could not be."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Loading:
    """What the model is waiting for; `fraction` of it is done, None where that is not known."""

    text: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TakenUp:
    """The conversation goes on with this past, in this setup.

    Attributes:
        mode: that counts in it.
        broken_off: the last task of that past, if it did not come to its end.
        told: what a person should know of it.
    """

    setup: Setup
    view: View
    mode: str
    broken_off: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class NotTakenUp:
    """It goes on as it was, since that could not be."""

    sentence: str


@dataclass(frozen=True, slots=True)
class LoadFailed:
    sentence: str


@dataclass(frozen=True, slots=True)
class NoModel:
    """There is none that can be used: a demo answers."""

    missing: Missing


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """The conversation goes on with the model of this setup; `asked` where that was wanted, and is done now."""

    setup: Setup
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence for the person."""

    sentence: str


@dataclass(frozen=True, slots=True)
class NotSteered:
    """No task was under way any more that this could be added to."""

    text: str


@dataclass(frozen=True, slots=True)
class Idle:
    """The agent waits for the next task."""


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Something waits for the person's word: a call for an approval or, where a run broke off, for whether it has
    happened; or a tool for an answer."""

    asked: Asked
    answer: "asyncio.Future[Any]" = field(repr=False)

    def give(self, word: Any) -> None:
        """Gives the word, in the thread that waits for it; the first counts."""
        if not self.answer.done():
            self.answer.set_result(word)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Nobody waits for that word any more."""

    asking: Asking


Signal: TypeAlias = (
    Prepared
    | Unprepared
    | TakenUp
    | NotTakenUp
    | Loading
    | LoadFailed
    | NoModel
    | Changed
    | Told
    | NotSteered
    | Idle
    | Asking
    | Withdrawn
)
