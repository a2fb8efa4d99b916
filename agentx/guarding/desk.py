"""Guards at work in a run: the task, what calls bring and the answer pass by here.

Whatever is decided is an event, so that a run which goes on, or is played back, passes on the same texts without any
guard being asked again. Nothing here lets anything through that policy or taint hold back: a finding that speaks of an
injection taints the run, and what is passed on is at most what there was.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentx.errors import AgentXError, EndsRun
from agentx.events import ApprovalAsked, ApprovalGiven, Event, Notice
from agentx.guard import Place
from agentx.guarded import PASS_ON, Found, Guarded, in_words
from agentx.guarding.actions import ACTIONS
from agentx.guarding.checking import Guards
from agentx.messages import ToolCall, ToolResult
from agentx.policy import ApprovalRequest, Approver
from agentx.tape import Tape
from agentx.threads import in_thread
from agentx.tool import Tool

_BY_STRICTNESS: list[str] = list(ACTIONS)


class Withheld(EndsRun):
    """A finding keeps a task or an answer back."""

    status = "refused"


@dataclass(frozen=True)
class Desk:
    """What guards do in one run.

    Attributes:
        guards: None where none is on, and only what the record holds is passed on as it was.
        taint: called where text of strangers may have been read.
        approve: asked where the user wants a person to decide; None where nobody can be asked.
        asking: held while a person is asked: texts come side by side, questions do not.
    """

    guards: Guards | None
    tape: Tape
    emit: Callable[[Event], None]
    taint: Callable[[], None]
    approve: Approver | None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def withholds(self) -> bool:
        """Whether no piece of an answer may be shown before the whole was looked at."""
        return self.guards is not None and self.guards.withholds

    async def task(self, text: str) -> str:
        """The task as the model is given it.

        Raises:
            Withheld: it is not.
            TapeEnded: the run is only played back, and ended before it was.
            AgentXError: a guard cannot do its work.
        """
        recorded = self.tape.guarded.get("input")
        if recorded is None and self.tape.was_passed_on:
            return text  # it was looked at before what the record holds
        if recorded is None and self.tape.closed:
            self.tape.require_open()
        if recorded is not None:
            self.emit(recorded)
            return self._passed_on(text, recorded)
        seen = await self._look(text, "input", "the task")
        if seen is not None:
            self.tape.guarded["input"] = seen
        return self._passed_on(text, seen)

    async def said(self, text: str) -> str:
        """What the user says to a run that is on, as the model is given it; the run goes on where it is blocked.

        Raises:
            AgentXError: a guard cannot do its work.
        """
        seen = await self._look(text, "input", "what the user says")
        if seen is not None and seen.taints:
            self.taint()
        return text if seen is None or seen.text is None else seen.text

    async def result(self, call: ToolCall, result: ToolResult, *, shown: bool) -> ToolResult:
        """What came of a call, as it is kept and the model sees it; its whole text stays in the journal.

        Args:
            shown: False for a call of a program's: the model sees only what the program makes of it, which comes by
                here too. What is found is told, and taints, and the program gets the text, if it could be looked at.
        """
        what, text = f"the result of {call.name}", result.text if shown else result.whole
        try:
            seen = await self._look(text, "tool_result", what, call.id, shown=shown)
        except EndsRun:
            raise
        except AgentXError as error:
            self.emit(Notice(f"{what[0].upper()}{what[1:]} is withheld, since nobody could look at it: {error}"))
            seen = Guarded("tool_result", "block", [], call.id, f"withheld: {what} could not be looked at for dangers.")
            shown = True  # a program does not get it either
        if seen is None:
            return result
        if seen.taints:
            # Where a search's results give orders, its addresses are not to be gone to unasked either.
            result = replace(result, untrusted=True, addresses=[])
        if seen.text is None or not shown:
            return result
        result = replace(result, text=seen.text, full_text=result.whole)
        return replace(result, status="denied", value=None, addresses=[]) if seen.action == "block" else result

    async def answer(self, text: str, schema: dict[str, Any] | None) -> tuple[str, str | None]:
        """The answer as it is given out, and in its place, where there is none, why not.

        Args:
            schema: JSON Schema that the answer matches and has to match.
        """
        seen = self.tape.guarded.get("output")
        if seen is not None:
            self.emit(seen)
        elif not self.tape.answered:
            seen = await self._look(text, "output", "the answer")
        if seen is not None and seen.taints:
            self.taint()
        if seen is None or seen.text is None:
            return text, None
        if seen.action == "block":
            return text, seen.text
        if schema is not None and not _matches(seen.text, schema):
            why = f"{in_words(seen.found)} was masked in it, and what is left is not as asked for"
            return text, f"No answer is given: {why}."
        return seen.text, None

    def _passed_on(self, text: str, seen: Guarded | None) -> str:
        if seen is None:
            return text
        if seen.taints:
            self.taint()
        if seen.action == "block":
            raise Withheld(_refusal(seen.found, "The task was not passed on to the model"))
        return text if seen.text is None else seen.text

    async def _look(
        self, text: str, place: Place, what: str, call_id: str = "", *, shown: bool = True
    ) -> Guarded | None:
        """What was done about a text, told by an event; None where nothing was found in it."""
        if self.guards is None or not text:
            return None
        look = self.guards.look
        found = await in_thread(lambda: look(text, place), "agentx-guard")
        if not found:
            return None
        if not shown:
            found = [replace(item, action="warn") for item in found]
        elif {item.action for item in found} & {"ask", "block"} == {"ask"}:
            found = await self._decided(found, what)
        action = "block" if _kept_back(found) else max((item.action for item in found), key=_BY_STRICTNESS.index)
        passed = (
            _instead(found, place, what) if action == "block" else masked(text, found) if action == "mask" else None
        )
        event = Guarded(place, action, found, call_id, passed)
        # Of a result the call's own event holds the text.
        self.emit(replace(event, text=None) if place == "tool_result" else event)
        return event

    async def _decided(self, found: Sequence[Found], what: str) -> list[Found]:
        """The findings; those that a person was asked about, and has allowed, are a warning from then on."""
        asked = [item for item in found if item.action == "ask"]
        call = ToolCall(f"guard-{secrets.token_hex(8)}", PASS_ON, {"what": what, "found": in_words(asked)})
        reason = f"{what} holds {in_words(asked)}"
        self.emit(ApprovalAsked(call, reason))
        allowed, why = False, "nobody to ask"
        if self.approve is not None:
            async with self.asking:
                decision = await self.approve(ApprovalRequest(call, _ASKED, reason, alone=True))
            allowed, why = decision.allowed, decision.reason
        self.emit(ApprovalGiven(call.id, allowed, why))
        return [replace(item, action="warn") if allowed and item in asked else item for item in found]


def _pass_on(what: str, found: str) -> None:
    """Passes a text on in spite of what a guard has found in it."""


_ASKED = Tool.from_function(_pass_on, PASS_ON)


def masked(text: str, found: Sequence[Found]) -> str:
    """The text with `[kind]` in the place of each finding that is masked; those that overlap are one."""
    spans = sorted(
        (start, end, item.kind)
        for item in found
        if item.action == "mask"
        for start, end in item.spans or [[0, len(text)]]
    )
    parts: list[str] = []
    at = 0
    for start, end, kind in spans:
        if start >= at:
            parts += [text[at:start], f"[{kind}]"]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _instead(found: Sequence[Found], place: Place, what: str) -> str:
    """What stands in the place of a text that is blocked."""
    if place == "input":
        return f"[withheld: {', '.join(_kinds(found))}]"
    if place == "output":
        return _refusal(found, "No answer is given")
    held = in_words(_kept_back(found))
    return f"withheld: {what} holds {held}. Do without it, or say in the answer that it was withheld."


def _refusal(found: Sequence[Found], begins: str) -> str:
    kept = _kept_back(found)
    settings = " and ".join(f"`guard.actions.{kind}`" for kind in _kinds(kept))
    asked = all(item.action == "ask" for item in kept)
    why = f"{settings} leaves to a person, and none has allowed it" if asked else f"{settings} keeps back"
    return f"{begins}: it holds {in_words(kept)}, which the setting {why}."


def _kept_back(found: Sequence[Found]) -> list[Found]:
    """The findings for which a text is kept back: a person who was asked has not allowed it, or nobody was there."""
    return [item for item in found if item.action in ("ask", "block")]


def _kinds(found: Sequence[Found]) -> list[str]:
    return list(dict.fromkeys(item.kind for item in found))


def _matches(text: str, schema: dict[str, Any]) -> bool:
    import jsonschema

    try:
        jsonschema.validate(json.loads(text), schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True
