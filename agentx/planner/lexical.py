"""Lexical ranking of short texts: BM25 over words that are split as names in code are.

BM25 after Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

K1, B = 1.2, 0.75
"""How soon more of the same word counts no more, and how much a long text is marked down: the values of the paper."""

_RUN = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])")

_STOP = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my of on or
our please she so some than that the their them then there they this to us was we were what when where which who whom
whose will with would you your
"""
STOP = frozenset(_STOP.split())
"""Words of requests that say nothing about what is asked for; rare in descriptions, they would weigh most."""

ENGLISH_SHARE = 0.2
"""So many of the words of an English request at least are such as `the` and `to`."""


def words(text: str) -> list[str]:
    """The words of a text or a name, lower case, in the singular.

    >>> words("calendar.listEvents, HTTPServer and log_in2")
    ['calendar', 'list', 'event', 'http', 'server', 'log', '2']
    """
    return [singular(part) for part in parts(text) if part not in STOP]


def parts(text: str) -> list[str]:
    """The words of a text or a name, lower case, as they stand.

    >>> parts("calendar.listEvents")
    ['calendar', 'list', 'events']
    """
    return [part.lower() for run in _RUN.findall(text) for part in _HUMP.split(run)]


def singular(word: str) -> str:
    """The weakest stemming of English that helps: Harman's S-stemmer ("How effective is suffixing?", 1991)."""
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")):
        return word[:-1]
    return word


def akin(word: str, said: str) -> bool:
    """Whether two words have a root in common, as far as their beginnings tell (`availability` and `available`), or
    the first is short for the second (`in` for `inches`)."""
    short, long = sorted((word, said), key=len)
    if len(short) < 5:
        return long.startswith(short) and (short is word or len(short) > 2)
    return long.startswith(short[: max(5, 2 * len(short) // 3)])


def is_english(text: str) -> bool:
    words = parts(text)
    return sum(word in STOP for word in words) >= ENGLISH_SHARE * len(words)


class Bm25:
    """Scores of documents, each given as its words, for a query."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self._counts = [Counter(document) for document in documents]
        lengths = [len(document) for document in documents]
        mean = sum(lengths) / max(len(lengths), 1) or 1.0
        self._norms = [K1 * (1 - B + B * length / mean) for length in lengths]
        found_in = Counter(word for counts in self._counts for word in counts)
        total = len(documents)
        self._weights = {word: math.log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in found_in.items()}

    def scores(self, query: Sequence[str]) -> list[float]:
        """One score a document; 0 where it has none of the words."""
        known = [word for word in dict.fromkeys(query) if word in self._weights]
        return [
            sum(self._weights[word] * counts[word] * (K1 + 1) / (counts[word] + norm) for word in known)
            for counts, norm in zip(self._counts, self._norms, strict=True)
        ]

    def shared(self, query: Sequence[str]) -> list[int]:
        """How many different words of the query each document has."""
        known = [word for word in dict.fromkeys(query) if word in self._weights]
        return [sum(word in counts for word in known) for counts in self._counts]
