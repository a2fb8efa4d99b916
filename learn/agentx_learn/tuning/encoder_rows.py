"""Documents as rows of tokens: stretches of text, or pairs of segments that follow each other or do not."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from agentx_learn.encoders.batches import Batches
from agentx_learn.encoders.verdict import Text
from agentx_learn.tuning.encoder_sources import Document
from agentx_learn.tuning.rows import DataError

NEXT, RANDOM, NO_PAIR = 0, 1, -100
"""Labels of a pair, as `BertForPreTraining` has them; a text alone counts in no loss of pairs."""

_MARKS = {False: 2, True: 3}
"""Tokens that are no text, at least: `[CLS] A [SEP]`, `[CLS] A [SEP] B [SEP]`."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+|\n\s*\n|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    tokens: int


class Cutter:
    """Cuts documents to the size of a row.

    Args:
        tokenizer: of the encoder.
        max_tokens: of a row, marks included.
        padding: id of the token that fills a row up.
        inputs: names of the tensors that the network takes.
        special: ids of tokens that are no text; they are neither masked nor learnt.
    """

    def __init__(
        self, tokenizer: Tokenizer, max_tokens: int, padding: int, inputs: Sequence[str], special: Sequence[int]
    ) -> None:
        self._batches = Batches(tokenizer, max_tokens, padding)
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._max_tokens = max_tokens
        self._inputs = tuple(inputs)
        self._special = frozenset(special)

    def texts(self, documents: Sequence[Document]) -> list[dict[str, Any]]:
        """Rows of as many texts of a document, in order, as one of them holds."""
        room = self._max_tokens - _MARKS[False]
        rows: list[dict[str, Any]] = []
        for document in documents:
            pieces = list(self._pieces(document.texts, room))
            start = 0
            while start < len(pieces):
                end = _end(pieces, start, room)
                rows.append(self._row(_joined(pieces[start:end])))
                start = end
        return rows

    def pairs(self, documents: Sequence[Document], seed: int) -> list[dict[str, Any]]:
        """Rows of two segments of one or more sentences (Devlin et al. 2019, appendix A.2): in half of them the second
        one follows the first, in the others it is of another document. A sentence that has no neighbour stands alone.

        Raises:
            DataError: there are no two documents, or no two sentences that follow each other.
        """
        chosen = random.Random(seed)
        room = self._max_tokens - _MARKS[True]
        cut = [list(self._pieces(_sentences(document.texts), room // 2)) for document in documents]
        cut = [pieces for pieces in cut if pieces]
        if len(cut) < 2 or all(len(pieces) < 2 for pieces in cut):
            raise DataError(
                "--next-sentence needs documents of several sentences, two to learn from and two to judge by at least; "
                "give more of them (--group says which rows are one), judge by more (--evaluate), or leave it out."
            )
        rows: list[dict[str, Any]] = []
        for number, pieces in enumerate(cut):
            start = 0
            while start < len(pieces):
                end = _end(pieces, start, room)
                if end - start < 2:
                    rows.append(self._row(_joined(pieces[start:end]), NO_PAIR))
                    start = end
                    continue
                middle = start + chosen.randint(1, end - start - 1)
                first, second, label = pieces[start:middle], pieces[middle:end], NEXT
                if chosen.random() < 0.5:
                    # What was to be the second segment is not lost: the next row begins with it.
                    end = middle
                    second, label = _elsewhere(cut, number, room - _length(first), chosen), RANDOM
                rows.append(self._row((_joined(first), _joined(second)), label))
                start = end
        return rows

    def _pieces(self, texts: Sequence[str], room: int) -> Iterator[_Piece]:
        """Each text, or where it is too long, parts of it."""
        # The tokenizer takes no lone surrogates.
        clean = [text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for text in texts]
        for text, tokens in zip(clean, self._tokenizer.encode_batch(clean, add_special_tokens=False), strict=True):
            offsets = tokens.offsets
            for start in range(0, len(offsets), room):
                last = min(start + room, len(offsets)) - 1
                yield _Piece(text[offsets[start][0] : offsets[last][1]], last + 1 - start)

    def _row(self, text: Text, label: int | None = None) -> dict[str, Any]:
        arrays = self._batches.arrays([text])
        row: dict[str, Any] = {name: arrays[name][0].tolist() for name in self._inputs}
        row["special_tokens_mask"] = [int(token in self._special) for token in row["input_ids"]]
        return row if label is None else {**row, "next_sentence_label": label}


def _end(pieces: Sequence[_Piece], start: int, room: int) -> int:
    """Behind the last piece that fits; one always does."""
    end, left = start + 1, room - pieces[start].tokens
    while end < len(pieces) and pieces[end].tokens <= left:
        left -= pieces[end].tokens
        end += 1
    return end


def _elsewhere(cut: Sequence[Sequence[_Piece]], number: int, room: int, chosen: random.Random) -> Sequence[_Piece]:
    other = chosen.randrange(len(cut) - 1)
    pieces = cut[other + (other >= number)]
    start = chosen.randrange(len(pieces))
    return pieces[start : _end(pieces, start, room)]


def _sentences(texts: Sequence[str]) -> list[str]:
    return [part for text in texts for part in _SENTENCE_END.split(text) if part.strip()]


def _joined(pieces: Sequence[_Piece]) -> str:
    return "\n".join(piece.text for piece in pieces)


def _length(pieces: Sequence[_Piece]) -> int:
    return sum(piece.tokens for piece in pieces)
