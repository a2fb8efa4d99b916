"""Texts as arrays of token ids, by the fast tokenizer that stands in a model's folder; knows no torch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agentx_learn.encoders.verdict import Text

MAX_CHARACTERS = 40
"""Of a text for each token that the model sees: what is beyond is not even tokenised. Texts of words end sooner in
tokens; one with long gaps or endless words loses its end here, and whoever must see all of it cuts it in pieces."""


class Batches:
    """Safe to use from several threads.

    Args:
        tokenizer: with the model's own marks (`[CLS]`, `[SEP]`).
        max_tokens: of a text, marks included.
        padding: id of the token that fills a row up.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, padding: int = 0) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_padding()
        # Of a pair the longer text gives way first.
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        self._max_characters = max_tokens * MAX_CHARACTERS
        self._padding = padding

    def arrays(self, texts: Sequence[Text]) -> dict[str, NDArray[np.int64]]:
        """`input_ids`, `attention_mask` and `token_type_ids`, each of shape (texts, longest)."""
        rows = self._tokenizer.encode_batch([self._cut(text) for text in texts])
        width = max(len(row.ids) for row in rows)

        def filled(parts: Sequence[Sequence[int]], padding: int) -> NDArray[np.int64]:
            array = np.full((len(rows), width), padding, np.int64)
            for i, part in enumerate(parts):
                array[i, : len(part)] = part
            return array

        return {
            "input_ids": filled([row.ids for row in rows], self._padding),
            "attention_mask": filled([row.attention_mask for row in rows], 0),
            "token_type_ids": filled([row.type_ids for row in rows], 0),
        }

    def _cut(self, text: Text) -> Text:
        if isinstance(text, str):
            return _clean(text[: self._max_characters])
        return _clean(text[0][: self._max_characters]), _clean(text[1][: self._max_characters])


def _clean(text: str) -> str:
    """Without lone surrogates, which the tokenizer does not take."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
