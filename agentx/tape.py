"""What a run has learnt from the world, as its journal holds it: played back, the run comes to where it broke off.

A run is determined by what the model replies, what calls bring, what tools have on the task, and what people say. All
of that stands in its events, so that the same loop, fed with them, reaches the same state, whatever its strategy, and
the model is not asked, nor a call made. This is durable execution as workflow engines know it, with one difference: a
reply is found by what was asked for, not by its place, so that calls may have run side by side.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from agentx.errors import EndsRun
from agentx.events import (
    Answered,
    ApprovalGiven,
    CallDecoded,
    Event,
    ExamplesShown,
    Guarded,
    ModelReplied,
    ModelScored,
    SteeringShown,
    StepStarted,
    Surveyed,
)
from agentx.recorded_calls import RecordedCalls


class TapeEnded(EndsRun):
    """A run that is only played back has come to where it broke off."""

    status = "interrupted"


class Diverged(EndsRun):
    """A run that goes on asks the model for something else than it did before."""


class Tape:
    """The record of one run.

    Args:
        events: of the run so far; none for a new one.
        closed: the run is only played back: nothing new may happen in it.
        imported: a file has brought the record: a call that only begins there was approved by nobody here, and whatever
            was said in it is nobody's word.

    Attributes:
        live: the run has come to where the record ends.
        resumed: there was a record to begin with.
        surveys: what tools had on the task; None where that is not recorded.
        examples: the past tasks that were shown with this one; None where none were.
        grants: patterns of calls that a person has granted.
        guarded: what guards have found in the task ("input") and in the answer ("output").
        tainted: a guard has found in one of them, or in what was said to the run, what taints (see `agentx.guard`).
        tainted_steps: the numbers of the steps before which it was found in what was said.
        answered: the record holds the answer.
        steering: for the number of each step what the person's words before it were.
        calls: what is recorded of the calls.
    """

    def __init__(self, events: Iterable[Event] = (), *, closed: bool = False, imported: bool = False) -> None:
        self.imported = imported
        self.live = True
        self.resumed = False
        self.surveys: dict[str, dict[str, Any]] | None = None
        self.examples: ExamplesShown | None = None
        self.grants: list[str] = []
        self.guarded: dict[str, Guarded] = {}
        self.tainted = self.answered = False
        self.tainted_steps: set[int] = set()
        self.steering: dict[int, list[str]] = {}
        self.calls = RecordedCalls()
        self._step = self._decided = 0
        self._closed = closed
        self._replies: defaultdict[str, deque[ModelReplied | ModelScored]] = defaultdict(deque)
        for event in events:
            self.live, self.resumed = False, True
            self._take(event)
            self.calls.take(event)

    def _take(self, event: Event) -> None:
        match event:
            case ModelReplied() | ModelScored():
                self._replies[event.request].append(event)
                self._decided = self._step
            case Surveyed():
                self.surveys = event.calls
            case ExamplesShown():
                self.examples = event
            case Guarded() if event.place != "tool_result":
                self.tainted = self.tainted or event.taints
                # What is said while the run is on is kept as it was shown.
                if event.place == "output" or self.surveys is None:
                    self.guarded[event.place] = event
                elif event.taints:
                    self.tainted_steps.add(self._step)
            case Answered():
                self.answered = True
            case StepStarted():
                self._step = event.number
            case SteeringShown():
                self.steering[event.step] = event.texts
            case CallDecoded():
                self._decided = self._step
            case ApprovalGiven() if event.grant:
                self.grants.append(event.grant)
            case _:
                pass

    def reply(self, request: str) -> "ModelReplied | ModelScored | None":
        """What the model said to a request; None where the record does not tell, from where on the run is live.

        Raises:
            TapeEnded: the run is only played back.
            Diverged: there are effects on the record to which this run has not come.
        """
        if found := self._replies.get(request):
            return found.popleft()
        if self.live:
            return None
        self.require_open()
        self.live = True
        return None

    @property
    def closed(self) -> bool:
        """Whether the run is only played back."""
        return self._closed

    def passed_on(self, task: str) -> str:
        """The task as the model was given it (see `agentx.guarding.desk`)."""
        event = self.guarded.get("input")
        return task if event is None or event.text is None else event.text

    def pass_end(self) -> None:
        """Called where the answer is given out: unless the record holds it, what is told from here on is new."""
        self.live = self.live or not (self.answered or self._closed)

    @property
    def was_passed_on(self) -> bool:
        """Whether the record tells that the model was given the task, or why not."""
        return self.surveys is not None or self._decided > 0 or "input" in self.guarded

    def is_new(self, step: int) -> bool:
        """Whether nothing of a step is on the record, or no more than that it has begun."""
        return self.live or step > self._decided

    def require_open(self) -> None:
        """Called before anything new happens in the run.

        Raises:
            TapeEnded: it is only played back.
            Diverged: there are effects on the record to which it has not come, so that it goes another way.
        """
        if not self.live:
            self._require_no_stray_effects()
        if self._closed:
            raise TapeEnded("The record of the run ends here.")

    def _require_no_stray_effects(self) -> None:
        if strays := self.calls.strays:
            raise Diverged(
                f"This run cannot go on where it broke off: it made a call of {strays[0].name} that it would not make "
                "now, since AgentX, the model, the tools or the settings are not the same; give the session a new task."
            )
