"""BM25 over texts at hand, for a store whose server knows no ranking by words."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

# The values of SQLite's FTS5, so that both kinds of store rank alike (Robertson et al., "Okapi at TREC-3", 1994).
K1 = 1.2
B = 0.75


def stem(word: str) -> str:
    """The word without the ending of an English plural."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def scores(words: Sequence[str], texts: Mapping[str, str], total: int) -> list[tuple[str, float]]:
    """The texts that hold any of the words, the best first.

    Args:
        words: stems in lower case.
        texts: by their ids: all that hold a rare word, and some that hold a common one.
        total: how many texts there are, those that are not at hand included.
    """
    counts = {id: Counter(map(stem, re.findall(r"[^\W_]+", text.lower()))) for id, text in texts.items()}
    mean = sum(count.total() for count in counts.values()) / len(counts) if counts else 1.0
    found: list[tuple[str, float]] = []
    weights: dict[str, float] = {}
    for word in words:
        holders = sum(word in count for count in counts.values())
        weights[word] = max(1e-6, math.log((total - holders + 0.5) / (holders + 0.5)))
    for id, count in counts.items():
        norm = K1 * (1 - B + B * count.total() / mean)
        score = sum(weights[word] * count[word] * (K1 + 1) / (count[word] + norm) for word in words if count[word])
        if score:
            found.append((id, score))
    return sorted(found, key=lambda item: (-item[1], item[0]))
