"""A reply inside the engine: which tokens it feeds next, and what it makes of the logits."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agentx.decoding.constraint import Matcher
from agentx.decoding.drafts import Drafter
from agentx.decoding.ledger import CachedSequence, common_prefix
from agentx.decoding.reply import Reply
from agentx.decoding.request import Request
from agentx.decoding.sampler import Logits, Sampler
from agentx.messages import Usage
from agentx.model import Delta, FinishReason


@dataclass(slots=True, eq=False, kw_only=True)
class Stream(Request):
    """A reply being decoded.

    Attributes:
        emit: takes each Delta; called on the engine's thread.
        drafter: guesses tokens; None guesses none.
        draft: guessed tokens fed behind the pending ones in the same batch.
        held: the grammar is still being compiled, so the last token has to wait.
    """

    reply: Reply
    sampler: Sampler
    matcher: Matcher | None
    fast_forward: bool
    end_tokens: frozenset[int]
    emit: Callable[[Delta], None]
    drafter: Drafter | None = None
    held: bool = False
    draft: list[int] = field(default_factory=list[int])
    usage: Usage = field(default_factory=Usage)
    _started: float = field(default_factory=time.perf_counter)
    _prompt_read: bool = False

    @property
    def ready(self) -> int:
        return max(len(self.pending) - self.held, 0)

    def unhold(self, matcher: Matcher) -> None:
        """Gives the grammar for which the stream was held."""
        self.matcher = matcher
        self.held = False
        if self.sequence:
            self._force_at_start()

    def begin(self, sequence: CachedSequence, reused: int) -> None:
        """What the grammar forces is fed behind the rest of the prompt, in the same batch."""
        Request.begin(self, sequence, reused)
        self._force_at_start()

    def guess(self, room: int) -> list[int]:
        """Drafts what may follow."""
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
        """Chooses what is fed next, or ends the stream.

        Each token is chosen as if those before it had been fed one by one, and the draft only saves feeding them: up
        to the first that is not what was chosen. The rest is taken back.
        """
        if not self._prompt_read:
            self._prompt_read = True
            now = time.perf_counter()
            read = len(self.prompt) - self.reused
            self.usage += Usage(prompt_tokens=read, reused_tokens=self.reused, prompt_s=now - self._started)
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
        except Exception as error:
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
