"""Texts to vectors with a GGUF model on llama.cpp: an encoder, or any decoder by the mean of its tokens' states."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.cpus import default_threads, short_spins
from agentx.errors import ModelError, ModelFileError, ModelNotFound
from agentx.threads import OwnThread
from agentx_memory.onnx_embedder import PIECE_TOKENS
from agentx_memory.pieces import cut

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agentx.models.progress import ProgressSink

MAX_TOKENS = 512
"""Of a text; what comes after is not seen."""

_WORD = re.compile(r"\s*\S+")


class GgufEmbedder:
    """Vectors of unit length, pooled as the file says. Nothing is loaded before the first use; threads may share one.

    A text has the same vector whatever its batch: each is computed alone, since llama.cpp takes other kernels for
    other shapes. Prompts that a model wants before a query or a text are not added.

    Raises:
        ModelNotFound: there is no such file.
    """

    def __init__(self, path: Path, piece_tokens: int = PIECE_TOKENS) -> None:
        self._path = path.expanduser().absolute()
        if not self._path.is_file():
            raise ModelNotFound(f"There is no embedding model {path}.")
        self._piece_tokens = piece_tokens
        self._thread = OwnThread("agentx-embedder")
        self._llama: Any = None
        self._count = lru_cache(maxsize=65536)(self._counted)

    @property
    def name(self) -> str:
        """The file's, and the beginning of its digest."""
        return f"{self._path.stem}-{self._digest[:12]}"

    @cached_property
    def _digest(self) -> str:
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def load(self, progress: "ProgressSink | None" = None) -> None:
        """Loads the model.

        Raises:
            ModelFileError: the file is no model that llama.cpp can load.
        """
        self._thread.call(self._model)

    def split(self, text: str) -> list[str]:
        """The text in pieces of about `piece_tokens` tokens; joined, they are the text.

        The tokens of each word are counted by itself, which is seldom less than in its place.
        """
        return cut(text, self._thread.call(lambda: list(self._offsets(text))), self._piece_tokens)

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of shape (texts, dimensions).

        Raises:
            ModelError: the model gives no numbers for a text.
        """
        return self._thread.call(lambda: self._embedded(texts))

    def _embedded(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        import numpy as np

        dimensions = int(self._model().n_embd())
        pooled = np.array([self._pooled(text) for text in texts], np.float32).reshape(len(texts), dimensions)
        # A vector without numbers would be stored, and never be found.
        if not np.isfinite(pooled).all():
            raise ModelError(f"The embedding model {self._path} gives no numbers for a text; take another model.")
        return pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)

    def _pooled(self, text: str) -> "NDArray[np.float32]":
        import numpy as np

        # llama.cpp has no state for no token.
        row = np.array(self._model().embed(text or " "), np.float32)
        # Without a pooling of its own the model gives a row for each token.
        return row if row.ndim == 1 else row.mean(axis=0)

    def _model(self) -> Any:
        if self._llama is None:
            self._llama = _loaded(self._path)
        return self._llama

    def _offsets(self, text: str) -> Iterator[tuple[int, int]]:
        """Places of as many tokens as each word has, spread over it."""
        for word in _WORD.finditer(text):
            start, end = word.start() + len(word[0]) - len(word[0].lstrip()), word.end()
            number = min(self._count(word[0][start - word.start() :]), end - start)
            marks = [start + (end - start) * part // number for part in range(number + 1)]
            yield from pairwise(marks)

    def _counted(self, word: str) -> int:
        return max(1, len(self._model().tokenize(f" {word}".encode("utf-8", "replace"), add_bos=False)))


def _loaded(path: Path) -> Any:
    try:
        with short_spins():
            import llama_cpp

            return llama_cpp.Llama(
                str(path),
                embedding=True,
                n_ctx=MAX_TOKENS,
                n_batch=MAX_TOKENS,
                n_ubatch=MAX_TOKENS,
                n_threads=default_threads(),
                n_threads_batch=default_threads(),
                verbose=False,
            )
    except (ValueError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"The embedding model {path} cannot be loaded ({reason}); take another.") from None
