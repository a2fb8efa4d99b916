"""One request inside the engine: which tokens it feeds next, and what it makes of the logits.

A stream never touches llama.cpp. The engine feeds its `pending` tokens in batches with those of other streams, and
behind the last one a draft of what may follow; it hands the stream the logits of all these rows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agentx.decoding.constraint import Matcher
from agentx.decoding.drafts import Drafter
from agentx.decoding.ledger import CachedSequence, common_prefix
from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Logits, Sampler
from agentx.errors import AgentXError, ModelError
from agentx.messages import Usage
from agentx.model import Delta, FinishReason


@dataclass(slots=True, eq=False)
class Stream:
    """A reply being decoded.

    Attributes:
        prompt: token ids, at least one.
        kept: how many of them, from the first, are worth keeping on disk.
        adapter: under which it is decoded; "" is none.
        emit: takes each Delta; called on the engine's thread.
        fail: takes the exception that ended the stream; called on the engine's thread.
        drafter: guesses tokens; None guesses none.
        pending: tokens to feed next, certain ones; the logits after the last one come to `advance`.
        draft: guessed tokens fed behind them in the same batch; the logits after each come to `advance` too.
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
    adapter: str = ""
    drafter: Drafter | None = None
    held: bool = False
    cancelled: bool = False
    sequence: CachedSequence | None = None
    pending: list[int] = field(default_factory=list[int])
    draft: list[int] = field(default_factory=list[int])
    usage: Usage = field(default_factory=Usage)
    done: bool = False
    _started: float = field(default_factory=time.perf_counter)
    _prompt_read: bool = False
    _reused: int = 0

    @property
    def ready(self) -> int:
        """How many pending tokens may be fed now."""
        return max(len(self.pending) - self.held, 0)

    def unhold(self, matcher: Matcher) -> None:
        """Gives the grammar for which the stream was held."""
        self.matcher = matcher
        self.held = False
        if self.sequence:
            self._force_at_start()

    def begin(self, sequence: CachedSequence, reused: int) -> None:
        """Takes a sequence that holds the first `reused` tokens of the prompt; what the grammar forces is fed behind
        the rest, in the same batch."""
        self.sequence = sequence
        self.pending = self.prompt[reused:]
        self._reused = reused
        self._force_at_start()

    def skip(self, count: int) -> None:
        """Goes on behind the next tokens of the prompt, which were found in the cache after all."""
        del self.pending[:count]
        self._reused += count

    def guess(self, room: int) -> list[int]:
        """Drafts at most `room` tokens to feed behind the pending ones."""
        self.draft = []
        if self.drafter and self.reply.tokens and not self.held:
            # After the last token that may come nothing is chosen.
            most = min(room, self.max_tokens - len(self.reply.tokens) - 1)
            draft = self.drafter.draft(self.reply.tokens, len(self.pending), most)
            ends = (i for i, token in enumerate(draft) if token in self.end_tokens)
            draft = draft[: next(ends, len(draft))]
            self.draft = draft[: self.matcher.legal(draft)] if draft and self.matcher else draft
        return self.draft

    def advance(self, *rows: Logits) -> int:
        """Takes the logits after the last pending token and after each drafted one; chooses what is fed next, or ends
        the stream.

        Each token is chosen as if those before it had been fed one by one, and the draft only saves feeding them: up
        to the first that is not what was chosen. Returns how many of its tokens are to be taken back.
        """
        if not self._prompt_read:
            self._prompt_read = True
            now = time.perf_counter()
            read = len(self.prompt) - self._reused
            self.usage += Usage(prompt_tokens=read, reused_tokens=self._reused, prompt_s=now - self._started)
            self._started = now
        draft, self.draft, self.pending = self.draft, [], []
        stand = 0
        while not self.pending and not self.done:
            self._choose(rows[stand])
            agreed = common_prefix(self.pending, draft[stand:])
            del self.pending[:agreed]
            stand += agreed
        if draft and self.drafter:
            self.usage += Usage(drafted_tokens=len(draft), accepted_tokens=stand)
            self.drafter.record(len(draft), stand)
        return len(draft) - stand

    def break_off(self, error: Exception) -> None:
        """Ends the stream with an error."""
        self.done = True
        self.fail(error if isinstance(error, AgentXError) else ModelError(f"The decoder failed: {error}."))

    def _choose(self, logits: Logits) -> None:
        """Takes the token that logits, sampler and grammar give, and those that the grammar forces then."""
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

    def _force_at_start(self) -> None:
        """As `_force`, before there are logits: here an error is nobody's but the stream's."""
        try:
            self._force()
        except AgentXError as error:
            self.break_off(error)

    def _force(self) -> None:
        """Takes the tokens that the grammar forces from here."""
        if self.matcher is None or not self.fast_forward:
            return
        for token in self.matcher.forced():
            self.matcher.consume(token)
            if token in self.end_tokens:
                self._finish("stop")
                return
            self.usage += Usage(forced_tokens=1)
            if not self._take(token):
                return

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
