"""Who may do what: allows a call, asks a person, or denies it. Decided here, in the host, never in the prompt."""

import dataclasses
import json
import os
import posixpath
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from glob import escape
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from agentx.errors import EndsRun, UsageError
from agentx.messages import ToolCall
from agentx.tool import Tool

ASKING = frozenset({"writes", "executes", "egress", "costs"})
"""Capabilities that need an approval. Reading the workspace does not, nor does a tool without capabilities."""

Mode: TypeAlias = Literal["read-only", "ask", "auto-edit", "full"]
"""What happens to a call that needs an approval and that no pattern decides: `read-only` denies it, `ask` asks,
`auto-edit` asks unless it only changes files, `full` allows it."""
MODES: tuple[Mode, ...] = get_args(Mode)
MEANINGS: dict[str, str] = {
    "read-only": "what needs an approval is not done.",
    "ask": "you are asked before files change, code runs or data goes out.",
    "auto-edit": "files are changed without asking; you are asked before code runs or data goes out.",
    "full": "nothing is asked, but for what text of strangers may have caused; what you have denied is not done.",
}
"""Each mode in words for a person."""

MAX_PATTERN_CHARACTERS = 1_000
"""Reading a glob takes time that grows with the square of its length."""
MAX_TEXTS = 10_000
"""More of them in an argument than this are not held against a pattern that denies: the call is denied."""
_LONGEST_PATH_CHARACTERS = 2**14
"""To follow a path takes time that grows with the square of its length."""

_WORDS = {"writes": "changes files", "executes": "runs code", "egress": "sends data out", "costs": "costs money"}


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a person is asked: may this call be carried out?

    Attributes:
        alone: only this very call can be approved; no pattern is granted by it.
    """

    call: ToolCall
    tool: Tool
    reason: str
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer.

    Attributes:
        reason: the model is told the reason of a no.
        arguments: the call is carried out with these instead of its own; the model is told.
        grant: a pattern of calls that need no further approval in this session, this call or not.
        keep: the grant holds in later sessions of the workspace too.
    """

    allowed: bool
    reason: str = ""
    arguments: Mapping[str, Any] | None = None
    grant: str | None = None
    keep: bool = False


UNANSWERED = Decision(False, "there was no answer in time")
"""What a person has decided who was given only so much time, and let it pass."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says of a call; `reason` says what it may do, or what forbids it."""

    answer: Literal["allow", "ask", "deny"]
    reason: str = ""


class NeedsApproval(EndsRun):
    """A call needs an approval and there is nobody to ask."""

    exit_code = 3
    status = "denied"


Approver: TypeAlias = Callable[[ApprovalRequest], Awaitable[Decision]]

Asker: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Puts a question of a tool to a person; awaits to what they say, None where they say nothing."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Calls that are meant: `all`, a tool's name, or `name(argument="glob", …)`; `*` and `?` are wildcards.

    >>> Pattern.parse('write_file(path="out/*")').matches(ToolCall("1", "write_file", {"path": "out/a.txt"}))
    True
    """

    name: str
    arguments: tuple[tuple[str, str], ...] = ()
    text: str = dataclasses.field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Raises UsageError if the text is not a pattern."""
        text = text.strip()
        if len(text) > MAX_PATTERN_CHARACTERS:
            raise UsageError(f"A pattern has {len(text)} characters; it may have {MAX_PATTERN_CHARACTERS}.")
        if text == "all":
            return cls("*", text=text)
        if match := re.fullmatch(r"([^()\s]+)(?:\((.*)\))?", text, re.DOTALL):
            inner = (match[2] or "").strip()
            if inner in ("", "*"):
                return cls(match[1], text=text)
            piece = r'\s*([^\s=,]+)\s*=\s*("(?:[^"\\]|\\.)*")\s*'
            if re.fullmatch(f"{piece}(?:,{piece})*", inner):
                with suppress(ValueError):  # a sign that JSON has only escaped, or an escape that it does not have
                    globs = tuple((name, json.loads(glob)) for name, glob in re.findall(piece, inner))
                    return cls(match[1], globs, text)
        raise UsageError(f'`{text}` is no pattern; write all, a tool\'s name, or name(argument="glob").')

    def matches(self, call: ToolCall) -> bool:
        """Whether the call is meant by a pattern that allows, which is read narrowly."""
        return fnmatchcase(call.name, self.name) and all(
            name in call.arguments and _matches(call.arguments[name], glob) for name, glob in self.arguments
        )

    def forbids(self, tool: Tool, call: ToolCall, workspace: Path) -> bool:
        """Whether the call is meant by a pattern that denies, which is read widely.

        Each text of a list or an object counts, as it stands and as what the tool takes it for, an argument that is
        left out too; a number is the same however it is written, and a path, of the call or of the pattern, is also
        where it leads.
        """
        if not fnmatchcase(call.name, self.name):
            return False
        taken = _taken(tool, call) if self.arguments else {}
        return all(_is_meant(_given(tool, call, taken, name), glob, workspace) for name, glob in self.arguments)


def _matches(value: Any, glob: str) -> bool:
    text = value if isinstance(value, str) else json.dumps(value)
    # `out/*` must not be left by `out/../x`.
    return fnmatchcase(text, glob) and not (".." in text.replace("\\", "/").split("/") and ".." not in glob)


def _taken(tool: Tool, call: ToolCall) -> dict[str, Any]:
    """The call's arguments as the tool takes them, as JSON; none where it refuses them, so that nothing is done."""
    from pydantic_core import to_jsonable_python

    try:
        taken = tool.validate(call.arguments)
    except Exception:  # whatever a type of the author's raises: it will do so again before the call is carried out
        return {}
    return {name: to_jsonable_python(value, bytes_mode="base64", fallback=repr) for name, value in taken.items()}


def _given(tool: Tool, call: ToolCall, taken: Mapping[str, Any], name: str) -> list[Any]:
    """What a call gives as an argument, and what the tool takes it for; where it gives none, or None, the default."""
    given = [arguments[name] for arguments in (call.arguments, taken) if name in arguments]
    if call.arguments.get(name) is not None:
        return given
    schema = tool.parameters.get("properties", {}).get(name)
    declared = cast("Mapping[str, Any]", schema) if isinstance(schema, Mapping) else {}
    return [*given, *([declared["default"]] if "default" in declared else [])]


def _is_meant(values: Iterable[Any], glob: str, workspace: Path) -> bool:
    found = [list(islice(_texts(value), MAX_TEXTS + 1)) for value in values]
    if any(len(texts) > MAX_TEXTS for texts in found):
        return True
    number, globs = _number(glob), list(_ways(glob, workspace))
    return any(
        (number is not None and _number(text) == number)
        or any(fnmatchcase(form, one) for one in globs for form in _forms(text, workspace, one.startswith("/")))
        for text in dict.fromkeys(chain.from_iterable(found))
    )


def _ways(glob: str, workspace: Path) -> Iterator[str]:
    """The glob, and what it means as a path: without `./`, and where what stands before its wildcards leads."""
    yield glob
    named = glob.removeprefix("./")
    # `./*` without its beginning would mean every command.
    if named != glob and named[:1] not in ("", "*", "?", "["):
        yield named
    wild = re.search(r"[*?[]", glob)
    start = glob[: glob.rfind("/", 0, wild.start()) + 1] if wild else glob
    root, real = _real(workspace, ""), _real(workspace, start)
    if start and root and real and str(real) != os.path.normpath(root / start):
        yield f"{escape(str(real)).rstrip('/')}/{glob[len(start) :]}" if wild else escape(str(real))


def _number(text: str) -> Decimal | None:
    """The number that a text is, however it is written; None where it is none."""
    try:
        number = Decimal(text) if len(text) <= MAX_PATTERN_CHARACTERS else Decimal("nan")
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _texts(value: Any) -> Iterator[str]:
    """The value and all that is in it, names of properties too, as text: what is none as JSON."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
            continue
        yield json.dumps(item, default=repr)
        if isinstance(item, bool):
            yield str(item)  # as a person is shown it
        elif isinstance(item, float) and item.is_integer():
            yield str(int(item))  # JSON has one kind of number
        elif isinstance(item, dict):
            waiting += [*cast("dict[Any, Any]", item), *cast("dict[Any, Any]", item).values()]
        elif isinstance(item, list):
            waiting += cast("list[Any]", item)


def _forms(text: str, workspace: Path, absolute: bool) -> Iterator[str]:
    """The text, and as the path that it may be: without `.` and `..`, and where it leads, links followed.

    `secret/*` must not be entered by `./secret/x`, `a/../secret/x`, `/home/me/project/secret/x` or by a link.

    Args:
        absolute: whether the place in the file system is a form too: a pattern for any `*word*` does not mean it.
    """
    yield text
    yield (normal := _normal(text))
    path = text if len(text) <= _LONGEST_PATH_CHARACTERS else normal
    if len(path) > _LONGEST_PATH_CHARACTERS:
        return
    root, real = _real(workspace, ""), _real(workspace, path)
    if root is None or real is None:
        return
    inside = os.path.relpath(real, root)
    yield inside
    if absolute:
        yield from (str(real), f"{workspace}/{inside}")


def _real(workspace: Path, path: str) -> Path | None:
    """Where a path leads, links followed; None for a text that is no path at all."""
    try:
        return (workspace.resolve() / path).resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def _normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/")) if path else path


class Policy:
    """Decides by patterns, then by the capabilities of the tool and the mode.

    Args:
        allow: patterns of calls that need no approval.
        deny: patterns of calls that are never carried out; they go before those that allow.
        mode: see `Mode`.

    Raises:
        UsageError: a text is no pattern, or there is no such mode.
    """

    def __init__(self, allow: Iterable[str] = (), deny: Iterable[str] = (), mode: str = "ask") -> None:
        self._allow = [Pattern.parse(text) for text in allow]
        self._deny = [Pattern.parse(text) for text in deny]
        self._whole: Policy | None = None
        self.mode = mode

    @property
    def mode(self) -> str:
        """See `Mode`. It may be changed from any thread; it counts from the next call on in all its sessions.

        Raises:
            UsageError: there is no such mode.
        """
        return self._whole.mode if self._whole else self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in MODES:
            raise UsageError(f"There is no mode `{mode}`; the modes are: {', '.join(MODES)}.")
        if self._whole:
            self._whole.mode = mode
        self._mode = mode

    def for_session(self) -> "Policy":
        """The same policy, with the same mode at any time; what is granted to it is granted to it alone."""
        policy = Policy(mode=self.mode)
        policy._allow, policy._deny = list(self._allow), list(self._deny)
        policy._whole = self
        return policy

    def grant(self, pattern: str) -> None:
        """Calls of this pattern need no approval from now on; raises UsageError if it is none."""
        self._allow.append(Pattern.parse(pattern))

    def patterns(self) -> dict[str, Any]:
        """What it was made of, as JSON: `allow`, `deny` and `mode`."""
        return {
            "allow": [pattern.text for pattern in self._allow],
            "deny": [pattern.text for pattern in self._deny],
            "mode": self.mode,
        }

    @property
    def allows_all(self) -> bool:
        """Whether the user has approved everything in advance."""
        return any(pattern.text == "all" for pattern in self._allow)

    def judge(self, tool: Tool, call: ToolCall, workspace: Path) -> Verdict:
        """What is to happen to the call, and why.

        Args:
            workspace: folder in which the call would be carried out.
        """
        for pattern in self._deny:
            if pattern.forbids(tool, call, workspace):
                return Verdict("deny", f"the pattern {pattern.text} forbids it")
        asking = sorted(tool.capabilities & ASKING)
        if not asking:
            return Verdict("allow")
        reason = f"{tool.name} {' and '.join(_WORDS[name] for name in asking)}"
        mode = self.mode
        if mode == "read-only":
            return Verdict("deny", f"{reason}, and the mode is read-only")
        if mode == "full" or (mode == "auto-edit" and asking == ["writes"]):
            return Verdict("allow")
        if any(pattern.matches(call) for pattern in self._allow):
            return Verdict("allow")
        return Verdict("ask", reason)
