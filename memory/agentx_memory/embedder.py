"""Texts to vectors: all-MiniLM-L6-v2 with int8 weights, on onnxruntime."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from agentx import embedding
from agentx.cpus import default_threads
from agentx.errors import ModelFileError
from agentx_memory.pieces import cut

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agentx.models.progress import ProgressSink

MAX_TOKENS = 256
"""Tokens of a text that the model sees, [CLS] and [SEP] included; what comes after does not change the vector."""

PIECE_TOKENS = 64
"""Tokens of a piece at most. This model was made for sentences and drowns one in a page: of fifteen questions about the
four documents of this project, twelve found their piece first at 60 tokens (score 0.32 at least; 0.27 at most for a
question that has no answer there), nine at 200 (0.13; 0.25)."""

MAX_BATCH = 16
"""Beyond 16 texts a batch is no faster: 1.3 ms a text of 5 tokens against 2.7 alone, nothing gained at 200 tokens."""


class Embedder(embedding.Embedder, Protocol):
    """What a store needs of an embedding model beside what `agentx.embedding` names."""

    def split(self, text: str) -> list[str]:
        """The text in pieces that each fit the model; joined, they are the text."""
        ...


class MiniLmEmbedder:
    """384 floats a text: mean of the token states, scaled to unit length. Nothing is loaded before the first use.

    A text has the same vector whatever its batch, since a batch holds texts of one length only: there is no padding,
    and the int8 weights are cast to float32 before they multiply, so that no activation scale is shared. Measured on
    288 texts of 1 to 250 words (AVX-512, 2 threads): bit for bit the same alone and in batches of 2, 8 and 32.

    Args:
        model: `model.onnx`; with `tokenizer` left out too, both are acquired as the catalogue's `minilm`.
        tokenizer: `tokenizer.json`.
    """

    name = "all-MiniLM-L6-v2-int8"

    def __init__(self, model: Path | None = None, tokenizer: Path | None = None) -> None:
        if (model is None) != (tokenizer is None):
            raise TypeError("MiniLmEmbedder takes both files or none.")
        self._files = (model, tokenizer) if model is not None and tokenizer is not None else None
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any, list[str]] | None = None

    def load(self, progress: "ProgressSink | None" = None) -> None:
        """Loads the model, which takes about 0.2 s, and fetches it first if it is not here.

        Raises:
            DownloadError: no source gave the files.
            ModelFileError: a file is not what it should be.
        """
        self._session(progress)

    def split(self, text: str) -> list[str]:
        tokenizer = self._session()[0]
        return cut(text, tokenizer.encode(text, add_special_tokens=False).offsets, PIECE_TOKENS)

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of shape (texts, 384)."""
        import numpy as np

        tokenizer = self._session()[0]
        rows = [_shortened(tokenizer.encode(text).ids) for text in texts]
        by_length: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            by_length.setdefault(len(row), []).append(place)
        vectors = np.empty((len(rows), 384), np.float32)
        for places in by_length.values():
            for start in range(0, len(places), MAX_BATCH):
                batch = places[start : start + MAX_BATCH]
                vectors[batch] = self._embed_equal([rows[place] for place in batch])
        return vectors

    def _embed_equal(self, rows: list[list[int]]) -> "NDArray[np.float32]":
        import numpy as np

        _, session, inputs = self._session()
        ids = np.array(rows, np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states = session.run(None, {name: given[name] for name in inputs})[0]  # (batch, tokens, 384)
        pooled = states.mean(axis=1)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def _session(self, progress: "ProgressSink | None" = None) -> tuple[Any, Any, list[str]]:
        """Tokenizer, inference session, and the names of the session's inputs."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(*(self._files or _acquired(progress)))
            return self._loaded


def _acquired(progress: "ProgressSink | None") -> tuple[Path, Path]:
    from agentx.models.acquire import ensure

    paths = ensure("minilm", progress).paths
    return paths["model.onnx"], paths["tokenizer.json"]


def _load(model: Path, tokenizer: Path) -> tuple[Any, Any, list[str]]:
    import onnxruntime
    import tokenizers

    path = tokenizer
    try:
        words: Any = tokenizers.Tokenizer.from_file(str(tokenizer))
        # The file asks for 128 tokens, padded.
        words.no_truncation()
        words.no_padding()
        path = model
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = default_threads()
        options.log_severity_level = 4
        session: Any = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # both libraries raise their own kinds, some of them bare Exceptions
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(
            f"The embedding model {path} cannot be loaded ({reason}); `agentx models pull minilm` fetches it anew."
        ) from error
    return words, session, [item.name for item in session.get_inputs()]


def _shortened(ids: list[int]) -> list[int]:
    """The first tokens that fit, with [SEP] kept last."""
    return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]
