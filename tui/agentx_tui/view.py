"""What there is to see of a conversation: frozen values, folded from events by `agentx_tui.reducer`."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agentx.messages import Citation, RunStatus, ToolCall, ToolResult, Usage
from agentx_tui.rope import Rope

CardStatus: TypeAlias = Literal[
    "pending", "approval", "question", "running", "success", "error", "rejected", "cancelled", "timed-out"
]
"""Of a tool call; the last five are ends."""

TurnStatus: TypeAlias = Literal["running"] | RunStatus

Phase: TypeAlias = Literal[
    "idle", "loading", "reading", "thinking", "calling", "answering", "tool", "approval", "asking"
]
"""What the agent is at: loading its model, reading the prompt, writing a thought, a call or an answer, waiting for a
tool, or for the person."""

MAX_LIVE_LINES = 200
"""Lines of a running tool's output that are kept; the result has the whole."""

MAX_PACE = 20
"""Replies whose pace is kept."""


@dataclass(frozen=True, slots=True)
class Thought:
    text: Rope
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """A call as it is being decoded; the card takes its place."""

    text: Rope


@dataclass(frozen=True, slots=True)
class Answer:
    """Text of an answer: "streaming", "draft" where the agent thought better of it, or "final".

    Attributes:
        unverified: claims that nothing the session has seen supports.
    """

    text: Rope
    state: Literal["streaming", "draft", "final"] = "streaming"
    citations: tuple[Citation, ...] = ()
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A tool call and what came of it.

    Attributes:
        reason: why an approval is asked for, or how that was decided.
        edited: the person changed the arguments.
        question: what the tool asks the person.
        live: the last lines of output so far.
    """

    call: ToolCall
    status: CardStatus = "pending"
    reason: str = ""
    edited: bool = False
    question: str = ""
    live: tuple[str, ...] = ()
    result: ToolResult | None = None

    @property
    def waits(self) -> bool:
        """Whether it has not come to an end."""
        return self.status in ("pending", "approval", "question", "running")


@dataclass(frozen=True, slots=True)
class Note:
    """A line beside the conversation: a notice of the run, or what a critique found."""

    text: str
    kind: Literal["notice", "critique", "error"] = "notice"


@dataclass(frozen=True, slots=True)
class Added:
    """What the person has added to the task while it was under way, where the model was shown it."""

    text: str


Item: TypeAlias = Thought | Writing | Answer | Card | Note | Added


@dataclass(frozen=True, slots=True)
class Turn:
    """A task and all that came of it.

    Attributes:
        steering: what the person has added and the model was not shown yet.
    """

    task: str
    items: tuple[Item, ...] = ()
    status: TurnStatus = "running"
    error: str | None = None
    step: int = 0
    usage: Usage = field(default_factory=Usage)
    steering: tuple[str, ...] = ()

    @property
    def runs_tool(self) -> bool:
        """Whether a tool is at work, also while another waits for the person."""
        return any(isinstance(item, Card) and item.status == "running" for item in self.items)

    @property
    def over(self) -> bool:
        return self.status != "running"


@dataclass(frozen=True, slots=True)
class View:
    """A conversation.

    Attributes:
        past: turns that are over, oldest first; they never change again.
        turn: the latest turn, which may be over too.
        step_usage: of the latest step, for its speed.
        used_tokens: what the conversation takes of the model's context; 0 where that is not known.
        context_tokens: size of that context; 0 where that is not known.
        pace: tokens a second that the latest replies were written at, oldest first.
    """

    session_id: str = ""
    model: str = ""
    workspace: str = ""
    past: tuple[Turn, ...] = ()
    turn: Turn | None = None
    phase: Phase = "idle"
    step_usage: Usage = field(default_factory=Usage)
    used_tokens: int = 0
    context_tokens: int = 0
    pace: tuple[float, ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self.past if self.turn is None else (*self.past, self.turn)

    @property
    def busy(self) -> bool:
        return self.turn is not None and not self.turn.over
