"""A long text as overlapping pieces that each fit a classifier, by tokens of its own tokenizer; knows no torch."""

from pathlib import Path

from tokenizers import Tokenizer

OVERLAP_SHARE = 0.25
"""Of a window, that the next one begins with again: an injection that one cuts stands whole in the other, or nearly."""
_PART_CHARACTERS = 100_000
"""Tokenised at once, so that a text of many megabytes does not become as many objects."""


class Windows:
    """Safe to use from several threads.

    Args:
        tokenizer: the file of a classifier's tokenizer.
        max_tokens: that the classifier sees of a text, marks included.
    """

    def __init__(self, tokenizer: Path, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        inside = max_tokens - self._tokenizer.num_special_tokens_to_add(False)
        self._tokenizer.enable_truncation(max_tokens, stride=int(OVERLAP_SHARE * inside))

    def of(self, text: str) -> list[tuple[int, int]]:
        """Where each piece begins and ends, in characters, in order; none for a text without a token."""
        found: list[tuple[int, int]] = []
        for start in range(0, len(text), _PART_CHARACTERS):
            # What stands astride the border of two parts is seen by a piece of its own below.
            found += self._of_part(text[start : start + _PART_CHARACTERS], start)
            if start:
                edge = max(start - 400, 0)
                found += self._of_part(text[edge : start + 400], edge)
        return found

    def _of_part(self, text: str, offset: int) -> list[tuple[int, int]]:
        clean = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        if len(clean) != len(text):  # a lone surrogate became several signs
            clean = "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
        first = self._tokenizer.encode(clean)
        found: list[tuple[int, int]] = []
        for piece in (first, *first.overflowing):
            inside = [
                span for span, special in zip(piece.offsets, piece.special_tokens_mask, strict=True) if not special
            ]
            if inside:
                found.append((offset + inside[0][0], offset + inside[-1][1]))
        return found
