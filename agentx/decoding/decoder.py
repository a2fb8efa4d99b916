"""What the engine asks of a library that runs a model: rows in, logits out, sequences that can be cut and copied."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Row = tuple[int, int, int, bool]
"""One row of a batch: token, position, sequence, whether its logits are wanted."""


class Aborted(Exception):
    """The batch was given up because `abort` was called; some of its rows may be in the KV cache."""


class CacheFull(Exception):
    """The KV cache has no room for the batch."""


class Decoder(Protocol):
    """A loaded model with its KV cache. Knows tokens and rows, no policy.

    One thread owns it, but for `tokenize`, `piece` and `abort`, which any may call.

    Attributes:
        vocab_size: how many logits a row has.
        context_tokens: cells of the KV cache, shared by all sequences.
        batch_rows: most rows that one `decode` takes.
        bos: the token that begins every prompt, if there is one.
        end_tokens: tokens that end a reply.
    """

    vocab_size: int
    context_tokens: int
    batch_rows: int
    bos: int | None

    @property
    def end_tokens(self) -> frozenset[int]: ...

    def tokenize(self, text: str | bytes, markup: bool) -> list[int]:
        """Token ids of a text; with `markup`, special tokens in it are meant."""
        ...

    def piece(self, token: int) -> bytes:
        """The bytes of a token, special tokens as their text."""
        ...

    def decode(self, rows: list[Row]) -> None:
        """Runs the model over at most `batch_rows` rows; those of a sequence stand in order of their positions.

        Raises:
            CacheFull: nothing was changed.
            Aborted: take the sequences back to where they were with `truncate`.
        """
        ...

    def adapt(self, adapter: str) -> None:
        """Has the batches that follow run under an adapter that was loaded by this name; "" under none."""
        ...

    def logits(self, row: int) -> NDArray[np.float32]:
        """Logits of a wanted row of the last batch, shape (vocab_size,); the next `decode` may overwrite them."""
        ...

    def copy(self, source: int, target: int, end: int, start: int = 0) -> None:
        """Puts the source's cells of positions `start` to `end` behind those that the target has."""
        ...

    def truncate(self, sequence: int, length: int) -> None:
        """Drops all cells of a sequence from position `length` on."""
        ...

    def state_size(self, sequence: int) -> int:
        """Bytes of a sequence's state."""
        ...

    def state(self, sequence: int) -> memoryview:
        """A copy of a sequence's cells and positions."""
        ...

    def load_state(self, sequence: int, state: memoryview) -> bool:
        """Puts a copied state in place of what the sequence holds; False, and the sequence empty, if it does not
        fit."""
        ...

    def abort(self, on: bool) -> None:
        """While on, a running `decode` ends with Aborted."""
        ...

    def close(self) -> None:
        """Frees the memory; nothing else may be called afterwards."""
        ...
