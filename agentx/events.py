"""What a run emits: one typed stream that every front end, the journal and the tests consume.

An event is a frozen value. `to_json` gives a JSON object whose `kind` names the class; `from_json` reads it back, so
that a reloaded session equals the live one. `VERSION` rises when a field changes its meaning; a field that is added
has a default.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, cast

from agentx.guarded import Found, Guarded
from agentx.messages import Cause, Citation, RunStatus, ToolCall, ToolResult, Usage
from agentx.model import FinishReason, Fragment

VERSION = 1


@dataclass(frozen=True, slots=True)
class RunStarted:
    """First event of a run, emitted before the model is loaded; `settings` are those of the agent that shape it."""

    session_id: str
    task: str
    model: str
    strategy: str
    tools: list[str]
    workspace: str
    settings: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class RunResumed:
    """A run that broke off goes on: what its journal holds is played back, and only what follows is new."""

    session_id: str
    task: str


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """`build` says what else decides which token comes: the decoder's version, threads and sizes."""

    name: str
    elapsed_s: float
    build: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What tools have on the task, before the model decides anything: the arguments of the calls that show it."""

    calls: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ExamplesShown:
    """Past tasks that went well are shown with this one: as the prompt has them, and from which sessions."""

    text: str
    sessions: list[str]


@dataclass(frozen=True, slots=True)
class ModelReplied:
    """A whole reply of the model; `request` is the digest of what it was asked (see `agentx.recorded_model`)."""

    request: str
    text: str
    finish: FinishReason
    fragments: list[Fragment]
    usage: Usage


@dataclass(frozen=True, slots=True)
class ModelScored:
    """Log-probabilities that the model gave to alternative continuations, in nats."""

    request: str
    logprobs: list[float]
    usage: Usage


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
    """The decision on a call: `allowed`, and by whom or why in `reason`; `arguments` in place of the call's own.

    `grant` is a pattern of calls that need no further approval in this session.
    """

    call_id: str
    allowed: bool
    reason: str
    arguments: dict[str, Any] | None = None
    grant: str | None = None


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
    """The call passed all checks: its effect may happen from here on (the journal's intent row).

    `workspace` is the fingerprint of the folder then, "" where none was taken (see `agentx.changes`).
    """

    call: ToolCall
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class DoubtRaised:
    """A run goes on, and nothing tells whether this call of it was carried out before it broke off."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class DoubtSettled:
    """What is taken for true of such a call, by whom or why in `reason`; one that has not happened is made again."""

    call_id: str
    happened: bool
    reason: str


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
class Steered:
    """A person has added something to the task while the run was on; the model is shown it before the next step."""

    text: str


@dataclass(frozen=True, slots=True)
class SteeringShown:
    """Before the step of this number the model is shown what was said to the run, in the order in which it was said."""

    step: int
    texts: list[str]


@dataclass(frozen=True, slots=True)
class SteeringUnheard:
    """The run ends, and no step was left to show the model what was said to it last."""

    texts: list[str]


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """A person has changed the mode (`agentx.policy.Mode`) while the run was on; it counts from the next call on."""

    mode: str


@dataclass(frozen=True, slots=True)
class Rewound:
    """The session goes on from event number `to`: what came after it counts no longer.

    `restored` are the files that are as they were then, `left` what could not be taken back, and why.
    """

    to: int
    restored: list[str]
    left: list[str]


@dataclass(frozen=True, slots=True)
class Delegated:
    """An event of a session that works for this one's task; the journal keeps it there and not here."""

    session_id: str
    event: "Event"


@dataclass(frozen=True, slots=True)
class ContextFolded:
    """The prompt neared the end of the model's context and begins anew, with a summary of what has left it.

    `left` are the numbers of the events that began the tasks which left it; the journal keeps their text. A fact of the
    summary has the number of the event that began the task it stems from as its `source`.
    """

    before_tokens: int
    after_tokens: int
    left: list[int]
    summary: dict[str, Any]


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
    """Last event of a run; `output` is JSON, `cause` as `RunResult` has it."""

    status: RunStatus
    output: Any
    error: str | None
    steps: int
    usage: Usage
    cause: Cause | None = None


Event: TypeAlias = (
    RunStarted
    | RunResumed
    | ModelLoaded
    | Surveyed
    | ExamplesShown
    | ModelReplied
    | ModelScored
    | StepStarted
    | TextDelta
    | Thought
    | CallDecoded
    | ApprovalAsked
    | ApprovalGiven
    | QuestionAsked
    | QuestionAnswered
    | CallStarted
    | DoubtRaised
    | DoubtSettled
    | CallProgress
    | CallFinished
    | Notice
    | Guarded
    | Steered
    | SteeringShown
    | SteeringUnheard
    | ModeChanged
    | Rewound
    | Delegated
    | ContextFolded
    | StepFinished
    | Criticised
    | Revised
    | Answered
    | RunFinished
)

_KINDS: dict[str, type[Any]] = {cls.__name__: cls for cls in Event.__args__}
_NESTED: dict[str, type[Any]] = {"call": ToolCall, "result": ToolResult, "usage": Usage}
_LISTED: dict[str, type[Any]] = {"found": Found, "citations": Citation}


class EventLog(Protocol):
    """Where the events of runs go: `agentx.journal.Journal` keeps them on disk, `MemoryJournal` in memory.

    One that has an attribute `states` (`agentx.tool_state.States`) keeps there what tools keep from call to call.
    """

    def create_session(
        self, *, workspace: str, model: str, task: str, session_id: str | None = None, parent: str | None = None
    ) -> str: ...
    def lease(self, session_id: str) -> AbstractContextManager[object]: ...
    def append(self, session_id: str, event: Event) -> int: ...
    def finish(self, session_id: str, status: str, result_json: Any) -> None: ...
    def events(self, session_id: str) -> list[Event]: ...
    def numbered(self, session_id: str) -> list[tuple[int, Event]]: ...
    def last_number(self, session_id: str) -> int: ...
    def reopen(self, session_id: str) -> None: ...


def to_json(event: Event) -> dict[str, Any]:
    """The event as a JSON object, which shares the event's dicts."""
    if isinstance(event, Delegated):
        return {"kind": "Delegated", "session_id": event.session_id, "event": to_json(event.event)}
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
    if cls is Delegated:
        fields["event"] = from_json(fields["event"])
    if "fragments" in fields:
        fields["fragments"] = list(map(_fragment, fields["fragments"]))
    for name, listed in _LISTED.items():
        if name in fields:
            fields[name] = [listed(**item) for item in fields[name]]
    return cls(**fields)


def _fragment(row: dict[str, Any]) -> Fragment:
    fragment = Fragment(**row)
    return fragment if fragment.tokens is None else replace(fragment, tokens=tuple(fragment.tokens))
