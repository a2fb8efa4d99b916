"""The one object that says what came of a run, put together from its events."""

import dataclasses
from typing import Any

from agentx.events import (
    Answered,
    CallStarted,
    Event,
    Guarded,
    RunFinished,
    RunResumed,
    RunStarted,
    StepFinished,
    StepStarted,
)
from agentx.messages import ToolCall, Usage


class Report:
    """Fed with every event of a run; knows at any moment what to say of it, also when it was cut off."""

    def __init__(self) -> None:
        self.session = ""
        self.finished: RunFinished | None = None
        self._steps = 0
        self._calls: dict[str, ToolCall] = {}
        self._usage = Usage()
        self._answered = Answered("")
        self._guarded: list[Guarded] = []

    def take(self, event: Event) -> None:
        match event:
            case RunStarted() | RunResumed():
                self.session = event.session_id
            case StepStarted():
                self._steps = event.number
            case CallStarted():
                self._calls[event.call.id] = event.call
            case StepFinished():
                self._usage += event.usage
            case Answered():
                self._answered = event
            case Guarded():
                self._guarded.append(event)
            case RunFinished():
                self.finished = event
            case _:
                pass

    def ended(self) -> dict[str, Any]:
        """The object of a run whose last event has come."""
        end = self.finished
        if end is None:
            return self.failed("the run ended without a result")
        return self._object(end.status, end.output, end.error, end.steps, end.usage)

    def failed(self, sentence: str, status: str = "failed") -> dict[str, Any]:
        """The object of a run that broke off."""
        return self._object(status, None, sentence, self._steps, self._usage)

    def _object(self, status: str, output: Any, error: str | None, steps: int, usage: Usage) -> dict[str, Any]:
        found = [
            {
                "place": it.place,
                "action": it.action,
                "call_id": it.call_id,
                "found": list(map(dataclasses.asdict, it.found)),
            }
            for it in self._guarded
        ]
        return {
            "status": status,
            "output": output,
            "error": error,
            "steps": steps,
            "calls": [dataclasses.asdict(call) for call in self._calls.values()],
            "citations": [dataclasses.asdict(citation) for citation in self._answered.citations],
            "unverified": self._answered.unverified,
            **({"guarded": found} if found else {}),
            "usage": dataclasses.asdict(usage),
            "session": self.session,
        }
