"""A model's vocabulary as llguidance wants it, and a file of it.

Asking llama.cpp for 150,000 pieces takes some 0.4 s at each start, and can only begin when the weights are there;
reading them from a file takes a tenth of that and runs beside the loading of the weights.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from agentx.decoding import sealed
from agentx.decoding.snapshots import VOCABULARY, Snapshots, digest, trim

_CHECKED_PIECES = 64


class Speller(Protocol):
    """What knows how tokens are spelled; `agentx.decoding.llama.Llama` is one."""

    vocab_size: int

    @property
    def end_tokens(self) -> frozenset[int]: ...

    def tokenize(self, text: str | bytes, markup: bool) -> list[int]:
        """Token ids of a text; with `markup`, special tokens in it are meant."""
        ...

    def marked_pieces(self, tokens: Iterable[int]) -> list[bytes]:
        """The bytes of tokens, control and end tokens behind a 0xff: llguidance's way to tell them from text."""
        ...


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens and what they spell.

    Attributes:
        pieces: the bytes of each token; a control or end token's begin with 0xff, so that no text can spell it.
        end_tokens: tokens that end a reply.
        answers: how certain texts are tokenised: llguidance asks a few at once, before the weights are there to tell.
    """

    pieces: list[bytes]
    end_tokens: frozenset[int]
    answers: dict[tuple[bytes, bool], list[int]] = field(default_factory=dict[tuple[bytes, bool], list[int]])

    @classmethod
    def of(cls, llama: Speller) -> "Vocabulary":
        return cls(llama.marked_pieces(range(llama.vocab_size)), llama.end_tokens)

    def fits(self, llama: Speller) -> bool:
        """Whether it is this model's, judged by its size, its end tokens and a sample of pieces."""
        if len(self.pieces) != llama.vocab_size or self.end_tokens != llama.end_tokens:
            return False
        sample = range(0, llama.vocab_size, max(llama.vocab_size // _CHECKED_PIECES, 1))
        return [self.pieces[token] for token in sample] == llama.marked_pieces(sample)


class VocabularyFile:
    """The vocabulary of one file of weights under one build of llama.cpp."""

    def __init__(self, place: Snapshots, build: str) -> None:
        self._place = place
        self._header = {"name": place.name, "model": place.identity, "build": build, "content": "vocabulary 3"}
        self._path = place.folder / f"{digest(self._header)}{VOCABULARY}"

    @property
    def path(self) -> Path:
        return self._path

    def load(self) -> Vocabulary | None:
        """None if there is none; a file that is not what it should be is deleted."""
        try:
            payload = sealed.read(self._path, self._header)
            if payload is None:
                self._path.unlink(missing_ok=True)
                return None
        except OSError:
            return None
        return _unpacked(payload)

    def save(self, vocabulary: Vocabulary) -> None:
        """Writes it; a disk that is full or refuses only costs the time at the next start."""
        payload = _packed(vocabulary)
        if payload.nbytes > self._place.cap_bytes:
            return
        try:
            sealed.write(self._path, self._header, payload)
            trim(self._place.folder, self._place.cap_bytes, keep=self._path)
        except OSError:
            return


def _packed(vocabulary: Vocabulary) -> memoryview:
    answers = [[text.hex(), special, tokens] for (text, special), tokens in vocabulary.answers.items()]
    rest = json.dumps({"end_tokens": sorted(vocabulary.end_tokens), "answers": answers}).encode()
    lengths = np.array([len(rest), len(vocabulary.pieces), *map(len, vocabulary.pieces)], "<u4")
    return memoryview(lengths.tobytes() + rest + b"".join(vocabulary.pieces))


def _unpacked(payload: memoryview) -> Vocabulary:
    size, count = (int(number) for number in np.frombuffer(payload, "<u4", 2))
    start = 8 + 4 * count
    ends = np.cumsum(np.frombuffer(payload, "<u4", count, 8), dtype=np.int64).tolist()
    rest: dict[str, Any] = json.loads(payload[start : start + size].tobytes())
    text = payload[start + size :].tobytes()
    pieces = [text[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    answers = {(bytes.fromhex(text), special): tokens for text, special, tokens in rest["answers"]}
    return Vocabulary(pieces, frozenset(rest["end_tokens"]), answers)
