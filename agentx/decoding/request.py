"""What the engine serves: a prompt to read, and after it rows whose logits are wanted.

A request never touches llama.cpp. The engine feeds its `pending` tokens in batches with those of others, and behind the
last one what it would have fed too; it hands the request the logits of these rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from agentx.decoding.ledger import CachedSequence
from agentx.decoding.sampler import Logits
from agentx.errors import AgentXError, ModelError


@dataclass(slots=True, eq=False, kw_only=True)
class Request(ABC):
    """A request at work or waiting.

    Attributes:
        prompt: token ids, at least one.
        max_tokens: how many may be put behind the prompt at once, at most.
        fail: takes the exception that ended the request; called on the engine's thread.
        kept: how many tokens of the prompt, from the first, are worth keeping on disk.
        adapter: under which it is decoded; "" is none.
        pending: tokens to feed next, certain ones; the logits after the last one come to `advance`.
        reused: tokens of the prompt that the cache held.
    """

    prompt: list[int]
    max_tokens: int
    fail: Callable[[BaseException], None]
    kept: int = 0
    adapter: str = ""
    cancelled: bool = False
    done: bool = False
    sequence: CachedSequence | None = None
    pending: list[int] = field(default_factory=list[int])
    reused: int = 0

    @property
    def ready(self) -> int:
        """How many pending tokens may be fed now."""
        return len(self.pending)

    def begin(self, sequence: CachedSequence, reused: int) -> None:
        """Takes a sequence that holds the first `reused` tokens of the prompt."""
        self.sequence = sequence
        self.reused = reused
        self.pending = self.prompt[reused:]

    @abstractmethod
    def guess(self, room: int) -> list[int]:
        """At most `room` tokens to feed behind the last pending one; the logits after each come to `advance` too."""

    @abstractmethod
    def advance(self, *rows: Logits) -> int:
        """Takes the logits after the last pending token and after each guessed one; sets what is fed next, or ends the
        request. Returns how many of the tokens fed last are to be taken back."""

    def break_off(self, error: Exception) -> None:
        """Ends the request with an error."""
        self.done = True
        self.fail(error if isinstance(error, AgentXError) else ModelError(f"The decoder failed: {error}."))
