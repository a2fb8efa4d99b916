"""A task as it is put to the loop, and all that is its own while it is under way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from agentx.events import Event
from agentx.history import Run
from agentx.imported import MARK, is_imported
from agentx.messages import RunResult
from agentx.recorded_model import RecordedModel
from agentx.steering import Steering
from agentx.tape import Tape


@dataclass(frozen=True, slots=True)
class Job:
    """One task as it is put to the loop.

    Attributes:
        number: of the event that began it.
        schema: JSON Schema that the answer must match.
        without: names of tools that are off.
        max_steps, timeout_s: as for an agent, where they are less than the agent's.
        imported: a file has brought its beginning (see `agentx.imported`).
    """

    task: str
    number: int = 0
    schema: dict[str, Any] | None = None
    without: frozenset[str] = frozenset()
    max_steps: int | None = None
    timeout_s: float | None = None
    imported: bool = False

    @classmethod
    def of(cls, run: Run) -> "Job":
        told = run.started.settings
        without = frozenset(told.get("without", ()))
        limits = told.get("limit_steps"), told.get("limit_s")
        return cls(run.started.task, run.number, told.get("schema"), without, *limits, is_imported(run))

    def settings(self) -> dict[str, Any]:
        """What `of` reads of the settings that a task is begun with."""
        told = {
            "schema": self.schema,
            "without": sorted(self.without),
            "limit_steps": self.max_steps,
            "limit_s": self.timeout_s,
        }
        return told | {MARK: True} if self.imported else told


@dataclass(frozen=True, slots=True)
class Execution:
    """A job under way: what its tape holds is played back, the rest is new.

    Attributes:
        model: reads from this tape, and tells what is new where the events go.
        tape: what is on record of the job; a closed one where it is only played back.
        emit: takes the events.
        steering: what a person says to it.
        delegate: has a task done in a session of its own (see `Session.delegate`); None where none may begin.
    """

    job: Job
    model: RecordedModel
    tape: Tape
    emit: Callable[[Event], None]
    session_id: str
    steering: Steering = field(default_factory=Steering)
    delegate: Callable[..., Awaitable[RunResult]] | None = None

    def with_task(self, task: str) -> "Execution":
        """The same for a task in other words."""
        return replace(self, job=replace(self.job, task=task))
