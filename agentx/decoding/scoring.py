"""Log-probabilities of alternative continuations: read from logits, nothing is sampled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agentx.decoding.request import Request
from agentx.decoding.sampler import Logits, log_softmax


@dataclass(slots=True, eq=False, kw_only=True)
class Scoring(Request):
    """A request for scores. Its prompt stays cached; the continuations do not.

    Attributes:
        continuations: token ids of each; `max_tokens` is the length of the longest.
        tell: called on the engine's thread once all are scored.
        logprobs: of each continuation, in nats; 0 for one without tokens.
        rows: tokens decoded for the scores, those of the prompt left out.
    """

    continuations: Sequence[list[int]]
    tell: Callable[[], None]
    logprobs: list[float] = field(default_factory=list[float])
    rows: int = 0
    _left: list[int] = field(default_factory=list[int])
    _fed: int = -1

    @property
    def _tokens(self) -> list[int]:
        """The continuation at work, of which `_fed` tokens stand behind the prompt."""
        return self.continuations[self._left[0]]

    def guess(self, room: int) -> list[int]:
        """The rest of the continuation: it is known, and costs less in one batch."""
        if not self._left:
            return []
        return self._tokens[self._fed + 1 : -1][:room]

    def advance(self, *rows: Logits) -> int:
        if not self._left:
            first = log_softmax(rows[0])
            self.logprobs = [float(first[tokens[0]]) if tokens else 0.0 for tokens in self.continuations]
            self._left = [i for i, tokens in enumerate(self.continuations) if len(tokens) > 1]
            return self._go_on(0)
        for row in rows:
            self._fed += 1
            self.logprobs[self._left[0]] += float(log_softmax(row)[self._tokens[self._fed]])
        self.rows += len(rows)
        if self._fed < len(self._tokens) - 1:
            self.pending = [self._tokens[self._fed]]
            return 0
        del self._left[0]
        return self._go_on(self._fed)

    def _go_on(self, fed: int) -> int:
        """Begins the next continuation, or ends; returns the tokens fed for the last one, which are taken back."""
        self._fed = 0
        if self._left:
            self.pending = self._tokens[:1]
        else:
            self.done = True
            self.tell()
        return fed
