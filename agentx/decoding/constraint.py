"""Grammars over a tokenizer, by llguidance: which tokens may come next, and which must.

Sample first, mask only on refusal: a check of one token costs microseconds, a mask over the vocabulary far more, and
the model's own first choice is nearly always legal.
"""

from collections import OrderedDict
from typing import Any

import llguidance
import llguidance.numpy as masks
import numpy as np
from numpy.typing import NDArray

from agentx.decoding.llama import Llama
from agentx.decoding.sampler import Logits, Sampler
from agentx.errors import SchemaError

_KEPT_GRAMMARS = 64


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
        """Tokens that the grammar forces from here, consumed."""
        tokens = self._matcher.compute_ff_tokens()
        if tokens:
            self._matcher.consume_tokens(tokens)
        return tokens

    def choose(self, logits: Logits, sampler: Sampler) -> tuple[int, bool]:
        """A legal token, consumed, and whether a mask had to be computed for it."""
        token = sampler.choose(logits)
        masked = self._matcher.validate_tokens([token]) != 1
        if masked:
            token = sampler.choose(logits, self._allowed())
        if not self._matcher.consume_token(token):
            raise SchemaError(f"The grammar can go no further here ({self._matcher.get_error()[:200]}).")
        return token, masked

    def _allowed(self) -> NDArray[np.bool_]:
        masks.fill_next_token_bitmask(self._matcher, self._mask)
        bits = np.unpackbits(self._mask[0].view(np.uint8), bitorder="little")[: self._vocab_size]
        return bits.astype(np.bool_)


class Grammars:
    """Compiles grammars for one vocabulary and keeps the compiled ones by content."""

    def __init__(self, llama: Llama) -> None:
        from llguidance.llamacpp import lltokenizer_from_vocab

        self._tokenizer: Any = lltokenizer_from_vocab(llama.vocab, eos_token=sorted(llama.end_tokens) or None)
        self._vocab_size = llama.vocab_size
        self._mask = masks.allocate_token_bitmask(1, self._vocab_size)
        self._compiled: OrderedDict[str, Any] = OrderedDict()

    def start(self, lark: str) -> Matcher:
        """A matcher at the beginning of the grammar.

        Raises:
            SchemaError: the grammar is not valid, or too large.
        """
        if lark in self._compiled:
            self._compiled.move_to_end(lark)
        else:
            matcher = llguidance.LLMatcher(self._tokenizer, llguidance.grammar_from("lark", lark))
            if matcher.is_error():
                raise SchemaError(readable(matcher.get_error()))
            self._compiled[lark] = matcher
            if len(self._compiled) > _KEPT_GRAMMARS:
                self._compiled.popitem(last=False)
        return Matcher(self._compiled[lark].deep_copy(), self._mask, self._vocab_size)


def check(lark: str) -> None:
    """Raises SchemaError if llguidance does not support the grammar; needs no model."""
    if problem := llguidance.LLMatcher.validate_grammar(llguidance.grammar_from("lark", lark)):
        raise SchemaError(readable(problem))


def readable(problem: str) -> str:
    """llguidance's message without its stack of locations, in one line."""
    first = problem.split("<state>")[0].split("\n\n")[0]
    return f"The schema cannot be made a grammar: {' '.join(first.split())[:300]}."
