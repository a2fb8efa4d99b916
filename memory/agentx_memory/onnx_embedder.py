"""Texts to vectors with an encoder on onnxruntime."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agentx.cpus import default_threads
from agentx.errors import ModelFileError
from agentx_memory.int8_products import multiplies_int8, with_int8_products
from agentx_memory.pieces import cut

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agentx.models.progress import ProgressSink

PIECE_TOKENS = 64
"""Tokens of a piece at most. MiniLM was made for sentences and drowns one in a page: of fifteen questions about the
four documents of this project, twelve found their piece first at 60 tokens (score 0.32 at least; 0.27 at most for a
question that has no answer there), nine at 200 (0.13; 0.25)."""

MAX_BATCH = 16
"""Beyond 16 texts a batch is no faster: 1.3 ms a text of 5 tokens against 2.7 alone, nothing gained at 200 tokens."""

Pooling = Literal["mean", "cls", "last"]


@dataclass(frozen=True, slots=True)
class OnnxFiles:
    """An encoder and how to use it.

    Attributes:
        max_tokens: of a text, the model's own marks included; what comes after is not seen.
        pooling: of the tokens' states.
        max_batch: texts of one length that are computed together, unless the processor does better one by one.
    """

    model: Path
    tokenizer: Path
    max_tokens: int
    pooling: Pooling = "mean"
    max_batch: int = MAX_BATCH


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Any
    session: Any
    inputs: tuple[str, ...]
    dimensions: int
    files: OnnxFiles
    max_batch: int


class OnnxEmbedder(ABC):
    """Vectors of unit length. Nothing is loaded before the first use; threads may share one.

    A text has the same vector whatever its batch, since a batch holds texts of one length only: there is no padding,
    and no activation scale is shared. Batches run side by side, each on one thread, since the threads of one batch spin
    while they wait for each other: 15 ms of CPU a chunk of 52 tokens against 30 with two threads a batch, and twice as
    many chunks a second on two busy cores.

    Args:
        name: tells this model's vectors from others.
        piece_tokens: tokens of a piece at most.
    """

    advice = "take another"
    """What to do about a file that cannot be loaded."""

    def __init__(self, name: str, piece_tokens: int = PIECE_TOKENS) -> None:
        self.name = name
        self._piece_tokens = piece_tokens
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @abstractmethod
    def files(self, progress: "ProgressSink | None" = None) -> OnnxFiles:
        """The model's files, fetched if they have to be.

        Raises:
            DownloadError: no source gave them.
        """

    def load(self, progress: "ProgressSink | None" = None) -> None:
        """Loads the model, which takes about 0.2 s, and fetches it first if it is not here.

        Raises:
            DownloadError: no source gave the files.
            ModelFileError: a file is not what it should be.
        """
        self._model(progress)

    def split(self, text: str) -> list[str]:
        """The text in pieces of at most `piece_tokens` tokens; joined, they are the text."""
        loaded = self._model()
        # The model's own marks have to fit beside the piece.
        size = min(self._piece_tokens, loaded.files.max_tokens - 2)
        return cut(text, loaded.tokenizer.encode(text, add_special_tokens=False).offsets, size)

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of shape (texts, dimensions)."""
        import numpy as np

        loaded = self._model()
        most = loaded.files.max_tokens
        rows = [_shortened(loaded.tokenizer.encode(text).ids, most) for text in texts]
        by_length: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            by_length.setdefault(len(row), []).append(place)
        step = loaded.max_batch
        # The longest first, so that the threads end at about the same time.
        batches = [
            places[start : start + step]
            for _, places in sorted(by_length.items(), reverse=True)
            for start in range(0, len(places), step)
        ]
        vectors = np.empty((len(rows), loaded.dimensions), np.float32)

        def fill(batch: list[int]) -> None:
            vectors[batch] = _embed_equal(loaded, [rows[place] for place in batch])

        # Asking for the threads takes as long as some of the work of a single text.
        threads = min(default_threads(), len(batches)) if len(batches) > 1 else 1
        if threads < 2:
            for batch in batches:
                fill(batch)
        else:
            with ThreadPoolExecutor(threads, "embed") as pool:
                list(pool.map(fill, batches))
        return vectors

    def _model(self, progress: "ProgressSink | None" = None) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self.files(progress), self.advice)
            return self._loaded


def _embed_equal(loaded: _Loaded, rows: list[list[int]]) -> "NDArray[np.float32]":
    import numpy as np

    ids = np.array(rows, np.int64)
    given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    states = loaded.session.run(None, {name: given[name] for name in loaded.inputs})[0]  # (batch, tokens, dimensions)
    match loaded.files.pooling:
        case "mean":
            pooled = states.mean(axis=1)
        case "cls":
            pooled = states[:, 0]
        case "last":
            pooled = states[:, -1]
    return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def _load(files: OnnxFiles, advice: str) -> _Loaded:
    import tokenizers

    path = files.tokenizer
    try:
        words: Any = tokenizers.Tokenizer.from_file(str(path))
        # A file may ask for a length, and for padding to it.
        words.no_truncation()
        words.no_padding()
        path = files.model
        session = _int8_session(path)
        batch = files.max_batch if session is None else 1
        session = session or _session(path)
        shape = session.get_outputs()[0].shape
    except Exception as error:  # both libraries raise their own kinds, some of them bare Exceptions
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"The embedding model {path} cannot be loaded ({reason}); {advice}.") from error
    if len(shape) != 3 or not isinstance(shape[-1], int):
        raise ModelFileError(f"The embedding model {path} gives no states of tokens but {shape}; {advice}.")
    inputs = tuple(item.name for item in session.get_inputs())
    if unknown := set(inputs) - {"input_ids", "attention_mask", "token_type_ids"}:
        raise ModelFileError(
            f"The embedding model {path} wants inputs that are not known ({sorted(unknown)}); {advice}."
        )
    return _Loaded(words, session, inputs, shape[-1], files, batch)


def _int8_session(model: Path) -> Any:
    """The model with products in int8, where this machine gains by them; else None."""
    rewritten = with_int8_products(model) if multiplies_int8() else None
    if rewritten is None:
        return None
    try:
        return _session(rewritten)
    except Exception:  # the copy was damaged; the next process makes another
        rewritten.unlink(missing_ok=True)
        return None


def _session(model: Path) -> Any:
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    # An addition and a normalisation in one operator take a tenth of all time longer than in two.
    slow = ["SkipLayerNormFusion"]
    return onnxruntime.InferenceSession(
        str(model), options, providers=["CPUExecutionProvider"], disabled_optimizers=slow
    )


def _shortened(ids: list[int], most: int) -> list[int]:
    """The first tokens that fit, with the model's closing mark kept last."""
    return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]
