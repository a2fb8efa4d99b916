"""What the engine tells the screen beside the events of a run: none of it is kept in a journal."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from agentx.cli.setup import Setup
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest

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


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """The session that goes on has a last task which did not come to its end."""

    task: str


@dataclass(frozen=True, slots=True)
class LoadFailed:
    sentence: str


@dataclass(frozen=True, slots=True)
class Idle:
    """The agent waits for the next task."""


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Something waits for the person's word: a call for an approval or, where a run broke off, for whether it has
    happened; or a tool for an answer."""

    asked: Asked
    answer: "asyncio.Future[Any]" = field(repr=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Nobody waits for that word any more."""

    asking: Asking


Signal: TypeAlias = Prepared | Unprepared | Loading | BrokenOff | LoadFailed | Idle | Asking | Withdrawn
