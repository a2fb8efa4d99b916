"""What a person may say to a call that waits for an approval, and the Decision that it makes."""

import json
from dataclasses import dataclass
from typing import Any

from agentx.cli.approve import suggestion
from agentx.cli.text import visible_json
from agentx.errors import ToolError, UsageError
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest, Decision, Pattern
from agentx_tui.printable import line
from agentx_tui.signals import Asked


class NotYet(Exception):
    """What was entered makes no decision; `str` is a sentence on what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that may be said.

    Attributes:
        id: as in `agentx_tui.keymap`.
        entry: what is asked for before it is a decision; "" where nothing is.
    """

    id: str
    label: str
    entry: str = ""

    def beginning(self, asked: Asked) -> str:
        """What stands in the entry before the person writes."""
        if isinstance(asked, str | ToolCall):
            return ""
        match self.id:
            case "pattern":
                return suggestion(asked.call)
            case "edit":
                return visible_json(json.dumps(asked.call.arguments, ensure_ascii=False, indent=2))
            case _:
                return ""

    def decided(self, asked: Asked, entered: str = "") -> Decision | str | None:
        """The decision on a call, the answer to a question, or how a doubt is settled (see `agentx.doubt`).

        Raises:
            NotYet: what was entered is none.
        """
        if isinstance(asked, str):
            return entered.strip() or None if self.id == "once" else None
        if isinstance(asked, ToolCall):
            return {"once": "happened", "deny": "again"}.get(self.id, "stop")
        match self.id:
            case "once":
                return Decision(True, "allowed")
            case "session":
                return Decision(True, "allowed for this session", grant=suggestion(ToolCall("", asked.call.name, {})))
            case "pattern":
                return _pattern(asked, entered)
            case "edit":
                return _edited(asked, entered)
            case "why":
                if not entered.strip():
                    raise NotYet("Say why not, or press Esc.")
                return Decision(False, f"the user said no: {entered.strip()}")
            case _:
                return Decision(False, "the user said no")


def choices(asked: Asked) -> list[Choice]:
    """What may be said to it, the most likely first."""
    if isinstance(asked, ToolCall):
        return [Choice("once", "it has happened"), Choice("deny", "it has not, make it"), Choice("why", "stop here")]
    if isinstance(asked, str):
        return [Choice("once", "answer", "Your answer"), Choice("deny", "say nothing")]
    whole = [
        Choice("once", "allow once"),
        Choice("session", f"each {line(asked.call.name, 24)} this session"),
        Choice("pattern", "a pattern, always", "Calls that are meant"),
        Choice("edit", "change arguments", "The arguments in full, as JSON"),
        Choice("deny", "deny"),
        Choice("why", "deny, say why", "Why not? The agent is told"),
    ]
    return [choice for choice in whole if not (asked.alone and choice.id in ("session", "pattern"))]


def _pattern(request: ApprovalRequest, text: str) -> Decision:
    try:
        matches = Pattern.parse(text).matches(request.call)
    except UsageError as error:
        raise NotYet(str(error)) from None
    if not matches:
        raise NotYet("That does not mean this call.")
    return Decision(True, f"allowed by the pattern {text.strip()}", grant=text.strip(), keep=True)


def _edited(request: ApprovalRequest, text: str) -> Decision:
    try:
        arguments: Any = json.loads(text)
        request.tool.validate(arguments)
    except (ValueError, RecursionError):
        raise NotYet("That is no JSON.") from None
    except (ToolError, TypeError, AttributeError) as error:
        raise NotYet(f"Those do not fit: {' '.join(str(error).split())}") from None
    return Decision(True, "allowed with other arguments", arguments=arguments)
