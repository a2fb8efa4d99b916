"""What a run emits: one typed stream that every front end, the journal and the tests consume.

An event is a frozen value. `to_json` gives a JSON object whose `kind` names the class; `from_json` reads it back, so
that a reloaded session equals the live one. `VERSION` rises when a field changes its meaning; a field that is added
has a default.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, cast

from agentx.messages import Citation, RunStatus, ToolCall, ToolResult, Usage

VERSION = 1


@dataclass(frozen=True, slots=True)
class RunStarted:
    """First event of a run, emitted before the model is loaded."""

    session_id: str
    task: str
    model: str
    strategy: str
    tools: list[str]
    workspace: str


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    name: str
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is one reply of the model and what came of it; `number` counts from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply as it is decoded; `channel` is "thought", "call" or "answer"."""

    channel: str
    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    text: str


@dataclass(frozen=True, slots=True)
class CallDecoded:
    """The model asked for this call; nothing has been carried out yet."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A call waits for a person; `advice` is the option that approves it in advance, "" where none does."""

    call: ToolCall
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalGiven:
    """The decision on a call: `allowed`, and by whom or why in `reason`; `arguments` in place of the call's own."""

    call_id: str
    allowed: bool
    reason: str
    arguments: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """A tool asks the person who has started the run."""

    call_id: str
    question: str


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """What they say to it; None where they say nothing."""

    call_id: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The call passed all checks: its effect may happen from here on (the journal's intent row)."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class CallProgress:
    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class CallFinished:
    """What came of a call, also of one that was denied or refused before it started."""

    result: ToolResult


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know and the model need not: a loop broken, a reply cut."""

    text: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    number: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Criticised:
    """A draft of the answer goes against a principle; `probability` is that of the probe, `critique` says in what."""

    principle: str
    probability: float
    critique: str


@dataclass(frozen=True, slots=True)
class Revised:
    """The draft written again after its critique; not shown to anybody before it keeps the principles too."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The final answer as text (JSON where a type was asked for); see `RunResult` for what rests on what."""

    text: str
    citations: list[Citation] = field(default_factory=list[Citation])
    unverified: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class RunFinished:
    """Last event of a run; `output` is JSON."""

    status: RunStatus
    output: Any
    error: str | None
    steps: int
    usage: Usage


Event: TypeAlias = (
    RunStarted
    | ModelLoaded
    | StepStarted
    | TextDelta
    | Thought
    | CallDecoded
    | ApprovalAsked
    | ApprovalGiven
    | QuestionAsked
    | QuestionAnswered
    | CallStarted
    | CallProgress
    | CallFinished
    | Notice
    | StepFinished
    | Criticised
    | Revised
    | Answered
    | RunFinished
)

_KINDS: dict[str, type[Any]] = {cls.__name__: cls for cls in Event.__args__}
_NESTED: dict[str, type[Any]] = {"call": ToolCall, "result": ToolResult, "usage": Usage}


class EventLog(Protocol):
    """Where the events of runs go: `agentx.journal.Journal` keeps them on disk, `MemoryJournal` in memory."""

    def create_session(self, *, workspace: str, model: str, task: str) -> str: ...
    def append(self, session_id: str, event: Event) -> int: ...
    def finish(self, session_id: str, status: str, result_json: Any) -> None: ...


def to_json(event: Event) -> dict[str, Any]:
    """The event as a JSON object, which shares the event's dicts."""
    return {"kind": type(event).__name__, **_plain(event)}


def _plain(value: Any) -> Any:
    # Not `dataclasses.asdict`, which copies whatever the fields hold: this is called for every event.
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    return [_plain(item) for item in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def from_json(row: dict[str, Any]) -> Event:
    """Raises KeyError for a kind that this version does not know."""
    fields = dict(row)
    cls = _KINDS[fields.pop("kind")]
    for name, nested in _NESTED.items():
        if name in fields:
            fields[name] = nested(**fields[name])
    if "citations" in fields:
        fields["citations"] = [Citation(**citation) for citation in fields["citations"]]
    return cls(**fields)
