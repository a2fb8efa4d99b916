"""Grammars over a tokenizer, by llguidance: which tokens may come next, and which must.

Sample first, mask only on refusal: a check of one token costs microseconds, a mask over the vocabulary far more, and
the model's own first choice is nearly always legal.
"""

import threading
from collections import OrderedDict
from typing import Any, Protocol

import llguidance
import llguidance.numpy as masks
import numpy as np
from numpy.typing import NDArray

from agentx.decoding.sampler import Logits, Sampler
from agentx.errors import SchemaError

_KEPT_GRAMMARS = 64


class TokenizerSource(Protocol):
    """Where llguidance's tokenizer comes from; it may still be being built."""

    def get(self) -> Any:
        """The LLTokenizer; waits for it."""
        ...

    def join(self) -> None:
        """Waits until nothing of it uses the model any more."""
        ...


class Matcher:
    """Where one reply stands in its grammar."""

    def __init__(self, matcher: Any, mask: NDArray[np.int32], vocab_size: int) -> None:
        self._matcher = matcher
        self._mask = mask
        self._vocab_size = vocab_size

    @property
    def stopped(self) -> bool:
        """True once the grammar allows nothing more."""
        return self._matcher.is_stopped()

    def forced(self) -> list[int]:
        """Tokens that the grammar forces from here; not those of its end that what follows could be merged with."""
        return self._matcher.compute_ff_tokens()

    def legal(self, tokens: list[int]) -> int:
        """How many of the tokens, from the first, may come from here."""
        return self._matcher.validate_tokens(tokens)

    def consume(self, token: int) -> None:
        """Goes on by a token.

        Raises:
            SchemaError: it is not legal here.
        """
        if not self._matcher.consume_token(token):
            raise SchemaError(f"The grammar can go no further here ({self._matcher.get_error()[:200]}).")

    def choose(self, logits: Logits, sampler: Sampler) -> tuple[int, bool]:
        """A legal token, consumed, and whether a mask had to be computed for it."""
        token = sampler.choose(logits)
        masked = self._matcher.validate_tokens([token]) != 1
        if masked:
            token = sampler.choose(logits, self._allowed())
        self.consume(token)
        return token, masked

    def _allowed(self) -> NDArray[np.bool_]:
        masks.fill_next_token_bitmask(self._matcher, self._mask)
        bits = np.unpackbits(self._mask[0].view(np.uint8), bitorder="little")[: self._vocab_size]
        return bits.astype(np.bool_)


class Grammars:
    """Compiles grammars for one vocabulary and keeps the compiled ones by content. Safe to use from any thread."""

    def __init__(self, tokenizer: TokenizerSource, vocab_size: int) -> None:
        self._tokenizer = tokenizer
        self._vocab_size = vocab_size
        self._mask = masks.allocate_token_bitmask(1, vocab_size)
        self._compiled: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, lark: str) -> bool:
        """Whether `start` would have nothing to compile and nothing to wait for."""
        with self._lock:
            return lark in self._compiled

    def start(self, lark: str) -> Matcher:
        """A matcher at the beginning of the grammar; waits for the tokenizer if that is still being built.

        Raises:
            SchemaError: the grammar is not valid, or too large.
        """
        with self._lock:
            compiled = self._compiled.get(lark)
            if compiled is not None:
                self._compiled.move_to_end(lark)
        if compiled is None:
            compiled = llguidance.LLMatcher(self._tokenizer.get(), llguidance.grammar_from("lark", lark))
            if compiled.is_error():
                raise SchemaError(readable(compiled.get_error()))
            with self._lock:
                self._compiled[lark] = compiled
                if len(self._compiled) > _KEPT_GRAMMARS:
                    self._compiled.popitem(last=False)
        return Matcher(compiled.deep_copy(), self._mask, self._vocab_size)


def check(lark: str) -> None:
    """Raises SchemaError if llguidance does not support the grammar; needs no model."""
    if problem := llguidance.LLMatcher.validate_grammar(llguidance.grammar_from("lark", lark)):
        raise SchemaError(readable(problem))


def readable(problem: str) -> str:
    """llguidance's message without its stack of locations, in one line."""
    first = problem.split("<state>")[0].split("\n\n")[0]
    return f"The schema cannot be made a grammar: {' '.join(first.split())[:300]}."
