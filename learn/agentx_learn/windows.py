"""A long text as overlapping pieces that each fit a classifier, by tokens of its own tokenizer; knows no torch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from agentx_learn.encoders.batches import MAX_CHARACTERS

OVERLAP_SHARE = 0.25
"""Of a window, that the next one begins with again: an injection that one cuts stands whole in the other, or nearly."""
_PART_CHARACTERS = 100_000
"""Tokenised at once, so that a text of many megabytes does not become as many objects."""


class Windows:
    """Safe to use from several threads.

    A piece has no more tokens and no more characters than a classifier looks at: blanks and control characters make
    no tokens, and a word of thousands of characters makes one, so that tokens alone do not bound it.

    Args:
        tokenizer: the file of a classifier's tokenizer.
        max_tokens: that the classifier sees of a text, marks included.
    """

    def __init__(self, tokenizer: Path, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._tokens = max_tokens - self._tokenizer.num_special_tokens_to_add(False)
        self._overlap = int(OVERLAP_SHARE * self._tokens)
        self._characters = max_tokens * MAX_CHARACTERS

    def of(self, text: str) -> list[tuple[int, int]]:
        """Where each piece begins and ends, in characters, in order; none for a text without a token.

        A token that is longer than what a classifier looks at is a piece of its own.
        """
        found: list[tuple[int, int]] = []
        for start in range(0, len(text), _PART_CHARACTERS):
            # What stands astride the border of two parts is seen by a piece of its own below.
            found += self._of_part(text[start : start + _PART_CHARACTERS], start)
            if start:
                edge = max(start - 400, 0)
                found += self._of_part(text[edge : start + 400], edge)
        return sorted(found)

    def _of_part(self, text: str, offset: int) -> list[tuple[int, int]]:
        clean = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        if len(clean) != len(text):  # a lone surrogate became several signs
            clean = "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
        tokens = self._tokenizer.encode(clean, add_special_tokens=False).offsets
        return [(offset + begin, offset + end) for begin, end in self._pieces(tokens)]

    def _pieces(self, tokens: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Begin and end of each piece of tokens that are given by theirs."""
        first = after = 0
        while after < len(tokens):
            after = first + 1
            while after < min(len(tokens), first + self._tokens) and self._fits(tokens[first], tokens[after]):
                after += 1
            yield tokens[first][0], tokens[after - 1][1]
            first = max(after - self._overlap, first + 1)
            # The next piece has to reach further than this one: what a long gap parts is not begun with again.
            while first < after < len(tokens) and not self._fits(tokens[first], tokens[after]):
                first += 1

    def _fits(self, first: tuple[int, int], last: tuple[int, int]) -> bool:
        return last[1] - first[0] <= self._characters
