"""What a person says to a run while it works: the model is shown it before the next step.

To say it is an event, so that a run which breaks off takes it up where it goes on. To show it is another, which names
the step, so that a run which is played back shows it before the same one. What no step was left for is told by a
third, so that nothing that was said vanishes.
"""

from collections.abc import Iterable
from dataclasses import replace
from string import Template
from typing import TYPE_CHECKING

from agentx.errors import UsageError
from agentx.events import Event, Steered, SteeringShown, SteeringUnheard
from agentx.history import Run

if TYPE_CHECKING:
    from agentx.calls import Surroundings
    from agentx.planner.base import Strategy, Turn
    from agentx.tape import Tape


class Steering:
    """The messages to one run.

    Args:
        events: of the run so far, where it goes on: what was said in it and not shown still waits.

    Attributes:
        shown: what the model was shown so far.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.shown: list[str] = []
        self._waiting = _waiting(events)

    def say(self, text: str) -> Steered:
        """Has a message wait for the next step.

        Raises:
            UsageError: it is empty.
        """
        if not text.strip():
            raise UsageError("The message is empty; say what the run is to heed.")
        self._waiting.append(text)
        return Steered(text)

    def is_due(self, step: int, tape: "Tape") -> bool:
        """Whether there is anything to show before a step."""
        return bool(tape.steering.get(step) or (self._waiting and tape.is_new(step)))

    def due(self, step: int, tape: "Tape") -> list[str]:
        """What is to be shown before a step: what the record shows there, or all that waits."""
        if step in tape.steering or not tape.is_new(step):
            return tape.steering.get(step, [])
        return self.give_up()

    def give_up(self) -> list[str]:
        """What waits, which then no longer does."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def take_back(self, texts: list[str]) -> None:
        """Has what was due wait once more."""
        self._waiting[:0] = texts

    def end(self) -> list[Event]:
        """For the end of the run: what nobody heard of."""
        unheard = self.give_up()
        return [SteeringUnheard(unheard)] if unheard else []


async def heed(turn: "Turn", strategy: "Strategy", around: "Surroundings", step: int) -> bool:
    """Shows the model what was said since the step before; False where nothing was.

    From then on it belongs to the task: probes, programs and a prompt that begins anew are told of it.
    """
    from agentx.planner.decoding import prompt_text
    from agentx.planner.recovery import Recovery

    if step in around.tape.tainted_steps:
        around.provenance.taint()
    if not (texts := around.steering.due(step, around.tape)):
        return False
    if around.desk and step not in around.tape.steering:
        try:
            texts = [await around.desk.said(text) for text in texts]
        except BaseException:
            around.steering.take_back(texts)  # so that the end of the run tells of them
            raise
    turn.emit(SteeringShown(step, texts))
    around.steering.shown += texts
    for text in texts:
        if not around.tape.imported:  # some of it may have waited in the file
            around.provenance.said(text)
        if around.retrieval:
            await around.retrieval.for_words(turn, [text])
        shown = Template(prompt_text("steering")).substitute(text=text)
        turn.prompt += strategy.opening(replace(turn, task=shown, background="", examples=""), follow_up=True)
        turn.was_shown()
        turn.task = with_words(turn.task, [text])
    # Whoever is told something new may have to look once more, with what failed before too.
    turn.must_answer, turn.has_news = False, True
    turn.heard, turn.recovery, turn.effects = len(turn.done), Recovery(), "none"
    return True


def with_words(task: str, texts: Iterable[str]) -> str:
    """A task with what was said to it later."""
    return "\n\n".join([task, *(f"The user added: {text}" for text in texts)])


def task_of(run: Run) -> str:
    """The task of a run of the past with all that the model was shown later."""
    return with_words(run.started.task, heard(run))


def heard(run: Run) -> list[str]:
    """What was said to a run of the past and shown to its model."""
    return [text for event in run.events if isinstance(event, SteeringShown) for text in event.texts]


def said(run: Run) -> list[str]:
    """All that was said to a run of the past: as it was shown, and behind that what nobody heard or looked at."""
    shown = heard(run)
    return [*shown, *[event.text for event in run.events if isinstance(event, Steered)][len(shown) :]]


def _waiting(events: Iterable[Event]) -> list[str]:
    waiting: list[str] = []
    for event in events:
        if isinstance(event, Steered):
            waiting.append(event.text)
        elif isinstance(event, SteeringShown | SteeringUnheard):
            del waiting[: len(event.texts)]
    return waiting
