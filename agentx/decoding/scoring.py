"""Log-probabilities of alternative continuations: read from logits, nothing is sampled."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentx.decoding.cache import Cache
from agentx.decoding.ledger import CachedSequence
from agentx.decoding.sampler import log_softmax
from agentx.errors import ModelError


def score(
    cache: Cache, prompt: list[int], continuations: Sequence[list[int]], adapter: str = ""
) -> tuple[list[float], int, int]:
    """Log-probability of each continuation (nats), prompt tokens read, and tokens decoded for the scores.

    The prompt stays cached; the continuations do not.

    Raises:
        ModelError: all sequences are busy.
        Aborted: a stream was cancelled; what was read so far is in the ledger.
    """
    sequence, reused = cache.place(prompt, adapter)
    if sequence is None:
        raise ModelError("All sequences of the decoder are busy; ask for fewer things at once.")
    cache.ledger.take(sequence)
    try:
        first = _read(cache, sequence, prompt[reused:])
        scores = [float(first[tokens[0]]) for tokens in continuations]
        rows = 0
        for i, tokens in enumerate(continuations):
            if len(tokens) > 1:
                scores[i] += _rest(cache, sequence, tokens)
                rows += len(tokens) - 1
        return scores, len(prompt) - reused, rows
    finally:
        cache.restore(sequence)
        cache.ledger.release(sequence)


def _read(cache: Cache, sequence: CachedSequence, tokens: list[int]) -> NDArray[np.float64]:
    """Appends tokens to a sequence; log-probabilities after the last one."""
    row = 0
    for start in range(0, len(tokens), cache.llama.batch_rows):
        part = tokens[start : start + cache.llama.batch_rows]
        base = len(sequence.tokens)
        rows = [(token, base + i, sequence.id, i == len(part) - 1) for i, token in enumerate(part)]
        cache.decode(rows, sequence.adapter)
        cache.append(sequence, part)
        row = len(part) - 1
    return log_softmax(cache.llama.logits(row))


def _rest(cache: Cache, sequence: CachedSequence, tokens: list[int]) -> float:
    """Log-probability of all but the first token of a continuation; the sequence is taken back afterwards."""
    base = len(sequence.tokens)
    cache.decode([(token, base + i, sequence.id, True) for i, token in enumerate(tokens[:-1])], sequence.adapter)
    total = sum(float(log_softmax(cache.llama.logits(i))[token]) for i, token in enumerate(tokens[1:]))
    cache.llama.truncate(sequence.id, base)
    return total
