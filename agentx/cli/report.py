"""The one object that a run leaves on stdout with `--json`, put together from its events."""

import contextlib
import dataclasses
import sys
from typing import Any

from agentx.events import Answered, CallStarted, Event, RunFinished, RunStarted, StepFinished, StepStarted
from agentx.messages import ToolCall, Usage

EXIT_CODES = {"ok": 0, "failed": 1, "refused": 1, "denied": 3, "in_doubt": 75, "timeout": 124, "interrupted": 130}


class Report:
    """Fed with every event of a run; knows at any moment what to say of it, also when it was cut off."""

    def __init__(self) -> None:
        self.session = ""
        self.finished: RunFinished | None = None
        self._steps = 0
        self._calls: list[ToolCall] = []
        self._usage = Usage()
        self._answered = Answered("")

    def take(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.session = event.session_id
            case StepStarted():
                self._steps = event.number
            case CallStarted():
                self._calls.append(event.call)
            case StepFinished():
                self._usage += event.usage
            case Answered():
                self._answered = event
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
        return {
            "status": status,
            "output": output,
            "error": error,
            "steps": steps,
            "calls": [dataclasses.asdict(call) for call in self._calls],
            "citations": [dataclasses.asdict(citation) for citation in self._answered.citations],
            "unverified": self._answered.unverified,
            "usage": dataclasses.asdict(usage),
            "session": self.session,
        }


def tell_failure(argv: list[str], sentence: str, status: str = "failed") -> None:
    """Prints the object that `agentx run --json` owes where no run came about, or it was cut off."""
    if argv[:1] != ["run"] or not {"--json", "--stream-json"} & set(argv):
        return
    from agentx.cli.output import Answers

    # Where stdout itself is what failed, the sentence has been said.
    with contextlib.suppress(OSError):
        Answers(sys.stdout).json(Report().failed(sentence, status))
