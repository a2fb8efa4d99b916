"""The Model protocol: what a backend offers to the loop and the planner.

A prompt is a sequence of fragments. It only grows: a fragment is tokenised once, by itself, and what the model decoded
comes back as a fragment that carries its own tokens, so that nothing is ever read or tokenised twice.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from agentx.messages import Usage


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a prompt.

    Attributes:
        text: the text.
        markup: whether special tokens (`<|im_end|>`) in the text are meant; False for all that a user, a file or
            the web wrote, so that none of them can end a turn.
        tokens: token ids, where the model decoded this text itself.
        snapshot: whether the prompt up to and with this fragment will begin many prompts, so that what the model
            makes of it is worth keeping on disk.
    """

    text: str
    markup: bool = False
    tokens: tuple[int, ...] | None = None
    snapshot: bool = False


Prompt: TypeAlias = Sequence[Fragment]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is chosen from logits; the default is greedy.

    Attributes:
        temperature: 0 takes the most likely token.
        top_k: keep the k most likely tokens; 0 keeps all.
        top_p: keep the most likely tokens up to this probability mass.
        seed: of the random draw; the same seed on the same build gives the same tokens.
    """

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    seed: int = 0


GREEDY = Sampling()


@dataclass(frozen=True, slots=True)
class Constraint:
    """A grammar that a reply must match: Lark text in the manner of llguidance."""

    lark: str
    # Whether tokens that the grammar forces are fed in one batch (True) or sampled one by one like others.
    fast_forward: bool = True


FinishReason: TypeAlias = Literal["stop", "grammar", "length", "repetition"]
"""Why decoding ended: the model's end token or a stop string; the grammar's end; the token limit; the output ran
away into repeating itself."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of decoded text; the last has `finish` set and carries the whole reply as fragments, and its usage."""

    text: str
    finish: FinishReason | None = None
    fragments: tuple[Fragment, ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Scores:
    """Log-probabilities of alternative continuations of one prompt, in the order asked for, with what they cost.

    Each is the sum over the continuation's tokens, in nats.
    """

    logprobs: list[float]
    usage: Usage = field(default_factory=Usage)


class ChatFormat(Protocol):
    """How a model family is shown who speaks; each method returns fragments to append."""

    def opening(self, system: str, user: str) -> list[Fragment]:
        """System text and first user turn, up to where the assistant begins to write."""
        ...

    def next_turn(self, user: str) -> list[Fragment]:
        """Ends the assistant's turn and opens the next: another user turn, up to where the assistant writes."""
        ...


class Model(Protocol):
    """A decoder.

    Attributes:
        name: as shown to a person.
        identity: tells the weights from others, as a file's name may; empty where nothing is kept about the model.
        context_tokens: how many tokens a prompt and its reply may have together.
        dialect: name of the dialect that suits the model best.
        chat: how the model is shown who speaks.
    """

    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def context_tokens(self) -> int: ...
    @property
    def dialect(self) -> str: ...
    @property
    def chat(self) -> ChatFormat: ...

    def decode(
        self,
        prompt: Prompt,
        *,
        constraint: Constraint | None = None,
        stop: Sequence[str] = (),
        max_tokens: int = 512,
        sampling: Sampling = GREEDY,
    ) -> AsyncGenerator[Delta, None]:
        """Decodes a reply, streamed. Closing the generator, or cancelling its task, stops the decoder.

        A stop string ends the reply and is not part of it.

        Raises:
            ContextOverflow: the prompt leaves no room for a reply.
        """
        ...

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Scores:
        """Log-probability of each continuation after the prompt."""
        ...

    async def count(self, prompt: Prompt) -> int:
        """Tokens of the prompt."""
        ...

    def check(self, constraint: Constraint) -> None:
        """Raises SchemaError, saying what in the grammar is not supported."""
        ...


class StandIn:
    """What stands before a model and is the same in all but what it says: a base for those that decode and score in
    their own way."""

    def __init__(self, model: Model) -> None:
        self.name, self.identity = model.name, model.identity
        self.context_tokens, self.dialect, self.chat = model.context_tokens, model.dialect, model.chat
        self.count, self.check = model.count, model.check
