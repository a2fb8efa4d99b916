"""The calls on the record of a run, found again by what they are: a run that goes on makes none of them twice."""

import secrets
from collections import defaultdict
from typing import Any

from agentx.events import CallDecoded, CallFinished, CallStarted, Event, QuestionAnswered
from agentx.messages import ToolCall, ToolResult


class RecordedCalls:
    """What is recorded of calls: that they were decoded, begun and ended, and what people said to their questions.

    The id of a call that a program makes begins with the program's and a dot.
    """

    def __init__(self) -> None:
        self._decoded: list[ToolCall] = []
        self._intents: dict[str, CallStarted] = {}
        self._results: dict[str, ToolResult] = {}
        self._answers: defaultdict[str, list[str]] = defaultdict(list)
        self._made: set[str] = set()

    def take(self, event: Event) -> None:
        """Takes the next event of the record; one that is about no call changes nothing."""
        match event:
            case CallDecoded():
                self._decoded.append(event.call)
            case CallStarted():
                self._intents[event.call.id] = event
                # Carried out once more: what came of it before counts no longer.
                self._results.pop(event.call.id, None)
            case CallFinished() if event.result.status != "cancelled":
                self._results[event.result.call_id] = event.result
            case QuestionAnswered() if event.answer:
                self._answers[event.call_id].append(event.answer)
            case _:
                pass

    def with_id(self, name: str, arguments: dict[str, Any], maker: ToolCall | None = None) -> ToolCall:
        """A call with its id: that of the record where the same call stands there, else a new one.

        Args:
            maker: the call of the program that makes this one; None where the model does.
        """
        before = f"{maker.id}." if maker else ""
        for place, call in enumerate(self._decoded):
            number = call.id.removeprefix(before)
            if (call.name, call.arguments) == (name, arguments) and call.id.startswith(before) and "." not in number:
                del self._decoded[place]
                self._made.add(call.id)
                return call
        return ToolCall(f"{before or 'call-'}{secrets.token_hex(8)}", name, arguments)

    def intent(self, call_id: str) -> CallStarted | None:
        """What is recorded of the start of a call."""
        return self._intents.get(call_id)

    def result(self, call_id: str) -> ToolResult | None:
        """What is recorded of the end of a call; None for one that was broken off."""
        return self._results.get(call_id)

    @property
    def broken_off(self) -> list[ToolCall]:
        """Calls that were begun and of whose end nothing is recorded."""
        return [intent.call for name, intent in self._intents.items() if name not in self._results]

    @property
    def strays(self) -> list[ToolCall]:
        """Calls that were begun and that this run has not come to, nor to a program that made them."""
        return [intent.call for intent in self._intents.values() if not self._is_known(intent.call.id)]

    def within(self, maker: ToolCall) -> list[tuple[ToolCall, ToolResult]]:
        """Calls that a program began, with their results where these are recorded, in the order of the results."""
        before = f"{maker.id}."
        begun = ((self._intents.get(name), result) for name, result in self._results.items() if name.startswith(before))
        return [(intent.call, result) for intent, result in begun if intent]

    def unmade(self, maker: ToolCall) -> list[ToolCall]:
        """Calls that a program had begun and that it has not made again."""
        before = f"{maker.id}."
        return [it.call for name, it in self._intents.items() if name.startswith(before) and name not in self._made]

    def answers(self, call: ToolCall) -> list[str]:
        """What a person has said to the questions of a call, and of those that it made."""
        return [
            answer
            for name, answers in self._answers.items()
            if name == call.id or name.startswith(f"{call.id}.")
            for answer in answers
        ]

    def _is_known(self, call_id: str) -> bool:
        while call_id not in self._made:
            call_id, found, _ = call_id.rpartition(".")
            if not found:
                return False
        return True
