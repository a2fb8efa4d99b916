"""Asks the person at the terminal whether a call may be carried out."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TextIO

from agentx.cli.text import is_terminal, one_line, visible, visible_json
from agentx.doubt import Settlement
from agentx.errors import ToolError, UsageError
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest, Decision, Pattern

SHOWN_CHARACTERS = 4_000
"""Of each argument, unless the person wants to see all of it."""
SUGGESTED_CHARACTERS = 80
WANTS = "wants to run with"
MAY_HAVE = "may have been carried out before the run broke off:"


def terminal_asker() -> "Asker | None":
    """What asks the person at the terminal; None where stdin and stderr are none, so that nobody can be asked."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return None
    from agentx.cli import typed_lines

    typed = typed_lines.of_questions(sys.stdin.fileno(), _tell)
    return Asker(typed.line, sys.stderr, typed.question)


_KEYS = """\
  y  carry it out              e  change the arguments
  n  do not                    v  show the arguments to their end
"""
_GRANTS = """\
  a  and each further call of this tool in this session
  p  and calls of a pattern, in this and later sessions of this workspace
"""
_WORDS = """\
  or say in words why not: the model is told
"""


TOO_EARLY = "What you typed came too early to be meant for this.\n"


class Asker:
    """Asks the person at a terminal: an Approver, for which any words that are no answer are a no with a reason.

    Args:
        read_line: the line that follows; "" at the end of input, None where it came too early to be an answer.
        stream: where questions are written.
        question: within which one may be written; by default any moment will do.
    """

    def __init__(
        self,
        read_line: Callable[[], Awaitable[str | None]],
        stream: TextIO,
        question: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        self._read_line = read_line
        self._stream = stream
        self._question = question
        # Calls run side by side; questions do not.
        self._turn = asyncio.Lock()

    async def __call__(self, request: ApprovalRequest) -> Decision:
        # A line that was begun before the question was asked is no answer to it.
        async with self._turn, self._question():
            self._stream.write(f"{_with_arguments(request.call, WANTS)}\n{one_line(request.reason)}.")
            letters = f"y/N/{'' if request.alone else 'a/p/'}e/{_view(request.call)}?"
            while True:
                answer = await self._line(f" Allow it? [{letters}] ")
                match answer.lower():
                    case "a" | "always" | "p" | "pattern" if request.alone:
                        self._stream.write("Only this very call can be allowed.")
                        decision = None
                    case "y" | "yes":
                        return Decision(True, "allowed")
                    case "" | "n" | "no":
                        return Decision(False, "the user said no")
                    case "a" | "always":
                        return Decision(True, "allowed for this session", grant=_exactly(request.call.name))
                    case "p" | "pattern":
                        decision = await self._pattern(request.call)
                    case "e" | "edit":
                        decision = await self._edited(request)
                    case "v" | "view":
                        self._stream.write(f"{_with_arguments(request.call, WANTS, whole=True)}\n")
                        decision = None
                    case "?":
                        self._stream.write(f"{_KEYS}{'' if request.alone else _GRANTS}{_WORDS}")
                        decision = None
                    case _:
                        return Decision(False, f"the user said no: {answer}")
                if decision is not None:
                    return decision

    async def answer(self, question: str) -> str | None:
        """What the person says to a question of a tool; None if they say nothing."""
        async with self._turn, self._question():
            self._stream.write(f"{visible(question)}\n")
            return await self._line("> ") or None

    async def settle(self, call: ToolCall) -> Settlement:
        """What the person says of a call in doubt (see `agentx.doubt`)."""
        async with self._turn, self._question():
            self._stream.write(f"{_with_arguments(call, MAY_HAVE)}\n")
            letters = f"y/n = make it again/{_view(call)}s = stop here"
            while True:
                match (await self._line(f"Has it happened? [{letters}] ")).lower():
                    case "y" | "yes" | "happened":
                        return "happened"
                    case "n" | "no" | "again":
                        return "again"
                    case "" | "s" | "stop":
                        return "stop"
                    case "v" | "view":
                        self._stream.write(f"{_with_arguments(call, MAY_HAVE, whole=True)}\n")
                    case _:
                        self._stream.write("Look, and answer y, n or s. ")

    async def _line(self, question: str) -> str:
        while True:
            self._stream.write(question)
            self._stream.flush()
            if (line := await self._read_line()) is not None:
                return line.strip()
            self._stream.write(TOO_EARLY)

    async def _pattern(self, call: ToolCall) -> Decision | None:
        suggested = suggestion(call)
        text = await self._line(f"Which calls? [{visible(suggested)}] ") or suggested
        try:
            matches = Pattern.parse(text).matches(call)
        except UsageError as error:
            self._stream.write(f"{one_line(str(error))}\n")
            return None
        if not matches:
            self._stream.write("That does not mean this call.")
            return None
        return Decision(True, f"allowed by the pattern {text}", grant=text, keep=True)

    async def _edited(self, request: ApprovalRequest) -> Decision | None:
        self._stream.write(f"{visible_json(json.dumps(request.call.arguments, ensure_ascii=False))}\n")
        text = await self._line("The arguments in full, as JSON: ")
        if not text:
            return None
        try:
            arguments = json.loads(text)
            request.tool.validate(arguments)
        except (ValueError, RecursionError):
            self._stream.write("That is no JSON.")
        except (ToolError, TypeError, AttributeError) as error:
            self._stream.write(f"Those do not fit: {one_line(str(error))}")
        else:
            return Decision(True, "allowed with other arguments", arguments=arguments)
        return None


def suggestion(call: ToolCall) -> str:
    """A pattern for calls like this one: the same short texts among the arguments, or else the tool."""
    short = {
        name: value
        for name, value in call.arguments.items()
        if isinstance(value, str) and len(value) <= SUGGESTED_CHARACTERS and value.isprintable()
    }
    inner = ", ".join(f"{name}={json.dumps(_literal(value), ensure_ascii=False)}" for name, value in short.items())
    return f"{_exactly(call.name)}({inner})" if inner else _exactly(call.name)


def _exactly(name: str) -> str:
    """A pattern that means a tool of this name, whatever characters it has."""
    return "".join("?" if sign in " ()" or not sign.isprintable() else sign for sign in _literal(name))


def _literal(text: str) -> str:
    return re.sub(r"[*?\[]", r"[\g<0>]", text)


def _with_arguments(call: ToolCall, does: str, *, whole: bool = False) -> str:
    lines = [f"{call.name} {does}"]
    for key, value in call.arguments.items():
        text = _text(value)
        if len(text) > SHOWN_CHARACTERS and not whole:
            text = f"{text[:SHOWN_CHARACTERS]}… ({len(text) - SHOWN_CHARACTERS} more characters; v shows them)"
        lines.append(f"  {visible(key)}: " + text.replace("\n", "\n    "))
    return "\n".join(lines)


def _view(call: ToolCall) -> str:
    """The letter that shows the rest, where not all of a call was shown."""
    return "v/" if any(len(_text(value)) > SHOWN_CHARACTERS for value in call.arguments.values()) else ""


def _text(value: object) -> str:
    return visible(value if isinstance(value, str) else repr(value))


def _tell(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
