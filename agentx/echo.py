"""What a run that is played back tells: only what its record does not hold."""

import json
from collections import Counter
from collections.abc import Callable, Iterable

from agentx.events import CallProgress, DoubtRaised, DoubtSettled, Event, TextDelta, to_json
from agentx.tape import Tape


class Echo:
    """Passes on the events of a run that is played back, but for those that its record holds already."""

    def __init__(self, emit: Callable[[Event], None], events: Iterable[Event], tape: Tape) -> None:
        self._emit = emit
        self._tape = tape
        # A doubt that is raised once more is new: a person has to hear of it.
        kept = (event for event in events if not isinstance(event, DoubtRaised | DoubtSettled))
        self._held = Counter(map(event_key, kept))

    def __call__(self, event: Event) -> None:
        # A reply off the tape comes in one piece, whatever the pieces were.
        if isinstance(event, TextDelta | CallProgress) and not self._tape.live:
            return
        key = event_key(event)
        if self._held[key]:
            self._held[key] -= 1
        else:
            self._emit(event)


def event_key(event: Event) -> str:
    """What two events have in common that are the same."""
    return json.dumps(to_json(event), default=repr, sort_keys=True)
