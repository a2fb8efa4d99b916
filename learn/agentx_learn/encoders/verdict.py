"""What a classifier says of a text, whatever runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Text: TypeAlias = str | tuple[str, str]
"""A text, or a pair of which the second is judged beside the first (a claim and its source, two sentences)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Attributes:
    label: the likeliest one.
    probability: of that label.
    probabilities: of all labels; they add up to 1.
    """

    label: str
    probability: float
    probabilities: Mapping[str, float]


class Classifier(Protocol):
    """Judges texts. Safe to use from several threads.

    Attributes:
        name: as shown to a person.
        labels: in the order of the model's logits.
        max_tokens: of a text, the model's own marks included; what comes after is not seen.
    """

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def max_tokens(self) -> int: ...

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        """A verdict for each text, in order."""
        ...


def verdicts(logits: NDArray[Any], labels: Sequence[str]) -> list[Verdict]:
    """Softmax of logits of shape (texts, labels)."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    found: list[Verdict] = []
    for row in shifted / shifted.sum(axis=1, keepdims=True):
        best = int(row.argmax())
        found.append(Verdict(labels[best], float(row[best]), dict(zip(labels, map(float, row), strict=True))))
    return found
