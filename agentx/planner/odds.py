"""Log-odds, in which answers of a model are added up and compared."""

import math

_LIMIT = 8.0


def log_odds(probability: float) -> float:
    """Log-odds within ±8, where no difference matters any more."""
    if probability in (0, 1):
        return _LIMIT if probability else -_LIMIT
    return min(max(math.log(probability / (1 - probability)), -_LIMIT), _LIMIT)


def probability(odds: float) -> float:
    """The probability of these log-odds."""
    return 1 / (1 + math.exp(-min(max(odds, -700), 700)))
