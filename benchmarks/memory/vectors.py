"""Vectors that lie as those of texts do: they fill far fewer dimensions than they have, with some noise about it.

Real ones of 100,000 texts would take an hour to embed on two cores. Independent random vectors, where every search but
the exact one fails, would make the peers look worse than they are.
"""

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 384
INNER = 64


def vectors(count: int, seed: int) -> NDArray[np.float32]:
    """So many rows of unit length, the same for the same seed."""
    mix = np.random.default_rng(5).standard_normal((INNER, DIMENSIONS)).astype(np.float32)
    random = np.random.default_rng(seed)
    made = random.standard_normal((count, INNER)).astype(np.float32) @ mix
    made += random.standard_normal((count, DIMENSIONS)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)
