"""The values that pass between model, loop and tools: frozen, with a JSON round trip."""

from dataclasses import dataclass, field
from operator import add, attrgetter
from typing import Any, Literal, TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

MAX_LEVELS = 64
"""Of lists and objects in one another; Python's own way of walking them ends at some hundreds."""


def is_shallow(value: Any) -> bool:
    """Whether a JSON value is nested no deeper than `MAX_LEVELS`."""
    level = [value]
    for _ in range(MAX_LEVELS):
        inner = [item for item in level if isinstance(item, list | dict)]
        if not inner:
            return True
        level = [each for item in inner for each in (item.values() if isinstance(item, dict) else item)]
    return False


ResultStatus: TypeAlias = Literal["ok", "error", "denied", "refused", "timeout", "cancelled"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that the model decoded: `name` exactly as registered, `arguments` as JSON values."""

    id: str
    name: str
    arguments: dict[str, Any]

    @property
    def by_program(self) -> bool:
        """Whether a program has made it: the id of such a call begins with the program's and a dot."""
        return "." in self.id

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.arguments.items())})"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call.

    `text` is what the model is shown. Where that was cut to the tool's cap, `full_text` holds the whole; `value` is
    what the tool returned, where that is JSON other than text, and `is_none` is True where that was None, of which the
    text is a word; `changed` are the files of the workspace that are not as they were before the call, and `overlooked`
    is True where there are too many files to tell of all; `traceback` is for the journal, never for the model.
    `argument` is the argument that an error names. `untrusted` is True for text of strangers and what may derive from
    it; `addresses` are what a search has found. `begin` are the lines of code that, after a program that failed, the
    next one should begin with.
    """

    call_id: str
    status: ResultStatus
    text: str
    full_text: str | None = None
    value: Any = None
    changed: list[str] = field(default_factory=list[str])
    traceback: str | None = None
    elapsed_s: float = 0.0
    argument: str | None = None
    untrusted: bool = False
    addresses: list[str] = field(default_factory=list[str])
    overlooked: bool = False
    is_none: bool = False
    begin: str = ""

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def whole(self) -> str:
        """The text before it was cut to what the model is shown."""
        return self.text if self.full_text is None else self.full_text


@dataclass(frozen=True, slots=True)
class Usage:
    """What a piece of decoding cost, in tokens and seconds; adds up with `+`.

    Attributes:
        prompt_tokens: prompt tokens read, that is decoded by the model.
        reused_tokens: prompt tokens found in the KV cache.
        forced_tokens: output tokens that the grammar forced, fed without sampling.
        sampled_tokens: output tokens chosen from logits.
        masked_tokens: sampled tokens whose first choice the grammar refused, so that a mask was computed.
        probe_tokens: tokens decoded only to read logits (Yes/No probes, scores of names).
        drafted_tokens: guessed output tokens, fed before it was known whether they would be chosen.
        accepted_tokens: of these, what came to be the output; counted as sampled or forced too.
        prompt_s: seconds spent reading prompts.
        decode_s: seconds spent on output tokens.
    """

    prompt_tokens: int = 0
    reused_tokens: int = 0
    forced_tokens: int = 0
    sampled_tokens: int = 0
    masked_tokens: int = 0
    probe_tokens: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    prompt_s: float = 0.0
    decode_s: float = 0.0

    @property
    def output_tokens(self) -> int:
        return self.forced_tokens + self.sampled_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*map(add, _counts(self), _counts(other)))


_counts = attrgetter(*Usage.__slots__)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The model's next act, not carried out: calls, or an answer."""

    calls: list[ToolCall]
    answer: str | None
    usage: Usage


@dataclass(frozen=True, slots=True)
class Citation:
    """Which result supports what an answer claims.

    Attributes:
        claim: the figure, date, name or quotation as the answer has it, at characters `start` to `end` of the answer.
        call_id: the call whose result bears it out.
        excerpt: the line of that result's `text`, at characters `excerpt_start` to `excerpt_end` of it.
    """

    claim: str
    start: int
    end: int
    call_id: str
    excerpt: str
    excerpt_start: int
    excerpt_end: int


RunStatus: TypeAlias = Literal["ok", "failed", "refused", "denied", "in_doubt", "timeout", "interrupted"]

Cause: TypeAlias = Literal["model"]
"""Whose doing it is that a run failed: "model" where it came to no answer, wrote what could not be used, or filled its
context; of what else can fail nothing is told."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    `output` is the answer: text, or an instance of the type that was asked for; None unless `status` is "ok".
    `error` is one sentence where `status` is not "ok"; that of "refused" says which principle the answer goes against.
    `calls` are the calls carried out, in order. `citations` say which of their results supports which claim of the
    answer; places are those in its text (in its JSON where a type was asked for). `unverified` are the figures, dates,
    names and quotations of the answer that nothing the session has seen supports; empty where the agent has no tools,
    since then there is nothing to hold against an answer. `cause` is set where a failure is the model's doing.
    """

    status: RunStatus
    output: Any
    error: str | None
    steps: int
    calls: list[ToolCall] = field(default_factory=list["ToolCall"])
    usage: Usage = field(default_factory=Usage)
    session_id: str = ""
    citations: tuple[Citation, ...] = ()
    unverified: tuple[str, ...] = ()
    cause: Cause | None = None
