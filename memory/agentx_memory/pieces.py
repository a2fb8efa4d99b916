"""Cuts a text into pieces of so many tokens, where it hurts least."""

from collections.abc import Sequence


def cut(text: str, offsets: Sequence[tuple[int, int]], max_tokens: int) -> list[str]:
    """The text in pieces of at most `max_tokens` tokens; joined, they are the text.

    A piece ends at the last paragraph, else line, else sentence, else word that ends in its second half.

    Args:
        offsets: start and end of each token, in characters.
    """
    pieces: list[str] = []
    begin, first = 0, 0
    while len(offsets) - first > max_tokens:
        first = _best_end(text, offsets, first + max_tokens // 2, first + max_tokens)
        end = offsets[first][0]
        pieces.append(text[begin:end])
        begin = end
    pieces.append(text[begin:])
    return pieces


def _best_end(text: str, offsets: Sequence[tuple[int, int]], low: int, high: int) -> int:
    """The token in (low, high] that should open the next piece."""

    def worth(token: int) -> tuple[int, int]:
        return _gap(text, offsets[token - 1][1], offsets[token][0]), token

    return max(range(low + 1, high + 1), key=worth)


def _gap(text: str, end: int, start: int) -> int:
    """How well a text may be cut between a token's end and the next one's start."""
    between = text[end:start]
    if "\n" in between:
        return 4 if between.count("\n") > 1 else 3
    if between:
        return 2 if text[end - 1] in ".!?" else 1
    return 0
