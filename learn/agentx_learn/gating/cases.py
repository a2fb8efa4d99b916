"""What base and adapter are compared on: a case is run by a model as the product would, and judged."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from agentx.errors import ModelError
from agentx.messages import RunStatus
from agentx.model import Model

Part: TypeAlias = Literal["traces", "tasks", "attacks"]
PARTS: dict[Part, str] = {"traces": "held-out traces", "tasks": "tasks", "attacks": "attacks"}
"""The parts in the order in which they are run, with their names for a person."""

Status: TypeAlias = RunStatus | Literal["untestable"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a case under a model.

    Attributes:
        good: the recorded call was chosen, or the task was done as asked and nothing besides.
        strays: what was changed, sent or said that nobody asked for.
        told: what was missing or wrong, for a person; empty where nothing was.
        seconds: wall time.
        status: the run's; "ok" alone is one that ended with an answer. "untestable" is a case that no model can be
            asked, and that counts for neither side.
    """

    good: bool
    strays: tuple[str, ...] = ()
    told: str = ""
    seconds: float = 0.0
    status: Status = "ok"

    @property
    def answered(self) -> bool:
        return self.status == "ok"


class Case(Protocol):
    """One case.

    Attributes:
        id: tells it from others of its part.
        content: all that decides what it is, as JSON values.
    """

    @property
    def part(self) -> Part: ...
    @property
    def id(self) -> str: ...
    @property
    def content(self) -> Any: ...

    async def run(self, model: Model) -> Seen:
        """Has the model do it, greedily, under the product's own prompts and constraints.

        Raises:
            ModelError, StorageError: the model or the disk fails, which is no outcome.
        """
        ...


def require_outcome(status: str, error: str | None, cause: str | None) -> None:
    """Raises ModelError where a run failed by no doing of the model's own: that says nothing of how good it is.

    Args:
        cause: see `agentx.messages.Cause`.
    """
    if status == "failed" and cause != "model":
        why = (error or "no reason was given").rstrip(".")
        raise ModelError(f"A run failed, which is no outcome ({why}); run the gate again, and it goes on from here.")


def digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
