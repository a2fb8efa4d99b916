"""Chooses a token from logits."""

import numpy as np
from numpy.typing import NDArray

from agentx.model import Sampling

Logits = NDArray[np.float32]


class Sampler:
    """Draws tokens as a `Sampling` says; greedy at temperature 0. One a request: it owns the random state."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._random = np.random.default_rng(sampling.seed)

    def choose(self, logits: Logits, allowed: NDArray[np.bool_] | None = None) -> int:
        """A token id from logits of shape (vocab_size,); where given, only from those allowed."""
        if allowed is not None:
            logits = np.where(allowed, logits, np.float32(-np.inf))
        if self._sampling.temperature <= 0:
            return int(logits.argmax())
        size = self._sampling.top_k or len(logits)
        best = np.argpartition(logits, -size)[-size:] if size < len(logits) else np.arange(len(logits))
        best = best[np.argsort(logits[best])[::-1]]
        weights = np.exp((logits[best] - logits[best[0]]).astype(np.float64) / self._sampling.temperature)
        weights /= weights.sum()
        kept = int(np.searchsorted(weights.cumsum(), self._sampling.top_p)) + 1
        weights = weights[:kept] / weights[:kept].sum()
        return int(self._random.choice(best[:kept], p=weights))


def log_softmax(logits: Logits) -> NDArray[np.float64]:
    """Log-probabilities, in nats, shape (vocab_size,)."""
    shifted = logits.astype(np.float64) - float(logits.max())
    return shifted - np.log(np.exp(shifted).sum())
