"""One request inside the engine: which tokens it feeds next, and what it makes of the logits.

A stream never touches llama.cpp. The engine feeds its `pending` tokens in batches with those of other streams and
hands it the logits of the last one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agentx.decoding.constraint import Matcher
from agentx.decoding.ledger import CachedSequence
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Logits, Sampler
from agentx.messages import Usage
from agentx.model import Delta, FinishReason


@dataclass(slots=True, eq=False)
class Stream:
    """A reply being decoded.

    Attributes:
        prompt: token ids, at least one.
        kept: how many of them, from the first, are worth keeping on disk.
        emit: takes each Delta; called on the engine's thread.
        fail: takes the exception that ended the stream; called on the engine's thread.
        pending: tokens to feed next; the logits of the last one come to `advance`.
        held: the grammar is still being compiled, so the last token has to wait.
    """

    prompt: list[int]
    reply: Reply
    sampler: Sampler
    matcher: Matcher | None
    fast_forward: bool
    max_tokens: int
    end_tokens: frozenset[int]
    emit: Callable[[Delta], None]
    fail: Callable[[BaseException], None]
    kept: int = 0
    held: bool = False
    cancelled: bool = False
    sequence: CachedSequence | None = None
    pending: list[int] = field(default_factory=list[int])
    usage: Usage = field(default_factory=Usage)
    done: bool = False
    _started: float = field(default_factory=time.perf_counter)
    _prompt_read: bool = False

    @property
    def ready(self) -> int:
        """How many pending tokens may be fed now."""
        return max(len(self.pending) - self.held, 0)

    def unhold(self, matcher: Matcher) -> None:
        """Gives the grammar for which the stream was held."""
        self.matcher = matcher
        self.held = False

    def begin(self, sequence: CachedSequence, reused: int) -> None:
        """Takes a sequence that holds the first `reused` tokens of the prompt."""
        self.sequence = sequence
        self.pending = self.prompt[reused:]
        self.usage += Usage(prompt_tokens=len(self.pending), reused_tokens=reused)

    def advance(self, logits: Logits) -> None:
        """Takes the logits after the last pending token; chooses what is fed next, or ends the stream."""
        if not self._prompt_read:
            self._prompt_read = True
            now = time.perf_counter()
            self.usage += Usage(prompt_s=now - self._started)
            self._started = now
            if self._force():
                return
        if self.matcher is None:
            token, masked = self.sampler.choose(logits), False
        else:
            token, masked = self.matcher.choose(logits, self.sampler)
        if token in self.end_tokens:
            self.usage += Usage(masked_tokens=masked)
            self._finish("stop")
            return
        self.usage += Usage(sampled_tokens=1, masked_tokens=masked)
        if self._take(token):
            self._force()

    def _force(self) -> bool:
        """Takes the tokens that the grammar forces from here; True if there were any."""
        if self.matcher is None or not self.fast_forward:
            return False
        forced = self.matcher.forced()
        for token in forced:
            self.matcher.consume(token)
            if token in self.end_tokens:
                self._finish("stop")
                break
            self.usage += Usage(forced_tokens=1)
            if not self._take(token):
                break
        return bool(forced)

    def _take(self, token: int) -> bool:
        """Appends an output token; False if it ended the stream."""
        text = self.reply.add(token)
        if text:
            self.emit(Delta(text))
        self.pending.append(token)
        if self.reply.stopped:
            self._finish("stop")
        elif self.matcher is not None and self.matcher.stopped:
            self._finish("grammar")
        elif len(self.reply.tokens) >= self.max_tokens:
            self._finish("length")
        elif self.reply.ran_away():
            self._finish("repetition")
        return not self.done

    def _finish(self, reason: FinishReason) -> None:
        self.done = True
        self.usage += Usage(decode_s=time.perf_counter() - self._started)
        text = self.reply.flush()
        self.emit(Delta(text, reason, self.reply.fragments(), self.usage))
