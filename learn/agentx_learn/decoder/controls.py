"""Controls against repetition, laid over the ordinary sampler; those of `transformers` do the work.

A control never outweighs a grammar: what it forbids is made unlikelier than anything else, not impossible, so that a
token is chosen even where the grammar allows none but forbidden ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessorList, NoRepeatNGramLogitsProcessor, RepetitionPenaltyLogitsProcessor

from agentx.decoding.reply import Reply
from agentx.decoding.sampler import Logits, Sampler
from agentx.model import Sampling

_FORBIDDEN = np.float32(-1e4)


@dataclass(frozen=True, slots=True)
class ControlledSampling(Sampling):
    """A Sampling with controls; see `agentx_learn.decoder.request.Request` for what they mean."""

    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0


class ControlledSampler(Sampler):
    """Chooses with the controls of the sampling.

    Args:
        prompt: its token ids: what stands there counts as said.
        reply: to which each chosen token is added before the next is chosen.
    """

    def __init__(self, sampling: ControlledSampling, prompt: Sequence[int], reply: Reply) -> None:
        super().__init__(sampling)
        self._prompt = list(prompt)
        self._reply = reply
        self._controls = LogitsProcessorList()
        if sampling.repetition_penalty != 1:
            self._controls.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
        if sampling.no_repeat_ngram_size:
            self._controls.append(NoRepeatNGramLogitsProcessor(sampling.no_repeat_ngram_size))

    def choose(self, logits: Logits, allowed: NDArray[np.bool_] | None = None) -> int:
        said: Any = torch.tensor([self._prompt + self._reply.tokens])
        changed = self._controls(said, torch.from_numpy(logits.copy())[None])[0].numpy()
        forbidden = np.isneginf(changed) & ~np.isneginf(logits)
        return super().choose(np.where(forbidden, logits + _FORBIDDEN, changed), allowed)


def sampler(sampling: Sampling, penalty: float, size: int, prompt: Sequence[int], reply: Reply) -> Sampler:
    """What a request asks for, and where it asks for no controls those that the model was loaded with."""
    if not isinstance(sampling, ControlledSampling):
        if penalty == 1 and not size:
            return Sampler(sampling)
        sampling = ControlledSampling(
            sampling.temperature, sampling.top_k, sampling.top_p, sampling.seed, penalty, size
        )
    return ControlledSampler(sampling, prompt, reply)
