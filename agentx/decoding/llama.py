"""A thin face of llama.cpp's C API: one model, one context, many sequences. Knows tokens and rows, no policy.

Not thread-safe but for `tokenize`, `piece` and `abort`: one thread owns the rest.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from agentx.errors import ModelError, ModelFileError

Row = tuple[int, int, int, bool]
"""One row of a batch: token, position, sequence, whether its logits are wanted."""

_log_lines: list[str] = []


@cast("Callable[[Any], Any]", llama_cpp.llama_log_callback)
def _keep_errors(level: int, text: bytes, data: object) -> None:
    if level >= 4:  # GGML_LOG_LEVEL_ERROR
        _log_lines.append(text.decode(errors="replace").strip())
        del _log_lines[:-8]


class Aborted(Exception):
    """The batch was given up because `abort` was called; some of its rows may be in the KV cache."""


class CacheFull(Exception):
    """The KV cache has no room for the batch."""


class Llama:
    """A loaded model with its context.

    Args:
        path: a GGUF file.
        context_tokens: cells of the KV cache, shared by all sequences; 0 takes what the model was trained with.
        sequences: how many sequences may live in the cache at once.
        threads: CPU threads.
        batch_rows: most rows that one `decode` takes.

    Raises:
        ModelFileError: llama.cpp cannot load the file.
        ModelError: there is no memory for the context.
    """

    def __init__(self, path: Path, context_tokens: int, sequences: int, threads: int, batch_rows: int = 256) -> None:
        llama_cpp.llama_log_set(_keep_errors, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        _log_lines.clear()
        self.path = path
        self._model: Any = llama_cpp.llama_model_load_from_file(
            str(path).encode(), llama_cpp.llama_model_default_params()
        )
        if not self._model:
            why = next((line for line in _log_lines if "error" in line.lower()), "the file is no usable GGUF")
            raise ModelFileError(f"{path} cannot be loaded as a model ({why[:200]}); fetch or choose another file.")
        self.vocab: Any = llama_cpp.llama_model_get_vocab(self._model)
        self.vocab_size: int = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.trained_context: int = llama_cpp.llama_model_n_ctx_train(self._model)
        self.metadata = self._read_metadata()
        self._context: Any = self._open_context(context_tokens, sequences, threads, batch_rows)
        self._memory: Any = llama_cpp.llama_get_memory(self._context)
        self.context_tokens: int = llama_cpp.llama_n_ctx(self._context)
        self.sequences = sequences
        self.batch_rows = batch_rows
        self._batch = llama_cpp.llama_batch_init(batch_rows, 0, 1)
        self.end_tokens = frozenset(
            token for token in range(self.vocab_size) if llama_cpp.llama_vocab_is_eog(self.vocab, token)
        )
        bos = cast("int", llama_cpp.llama_vocab_bos(self.vocab))
        self.bos = bos if llama_cpp.llama_vocab_get_add_bos(self.vocab) else None
        self._piece_buffer = ctypes.create_string_buffer(512)
        self._pieces: dict[int, bytes] = {}

    def _open_context(self, context_tokens: int, sequences: int, threads: int, batch_rows: int) -> Any:
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = min(context_tokens or self.trained_context, self.trained_context)
        parameters.n_batch = parameters.n_ubatch = batch_rows
        parameters.n_seq_max = sequences
        parameters.kv_unified = True
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = 0  # measured slower on CPUs
        # Called after every graph node, hundreds of times a token: libc's `atoi` over a one-byte text costs nothing,
        # a Python callback would take the GIL each time.
        self._abort_flag = ctypes.create_string_buffer(b"0")
        parameters.abort_callback = ctypes.cast(ctypes.CDLL(None).atoi, llama_cpp.ggml_abort_callback)
        parameters.abort_callback_data = ctypes.cast(self._abort_flag, ctypes.c_void_p)
        context = llama_cpp.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelError(
                f"There is no memory for a context of {parameters.n_ctx} tokens; choose a smaller one (context_tokens)."
            )
        return context

    def _read_metadata(self) -> dict[str, str]:
        buffer = ctypes.create_string_buffer(1 << 20)
        found: dict[str, str] = {}
        for i in range(llama_cpp.llama_model_meta_count(self._model)):
            llama_cpp.llama_model_meta_key_by_index(self._model, i, buffer, len(buffer))
            key = buffer.value.decode(errors="replace")
            llama_cpp.llama_model_meta_val_str_by_index(self._model, i, buffer, len(buffer))
            found[key] = buffer.value.decode(errors="replace")
        return found

    def close(self) -> None:
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def tokenize(self, text: str, markup: bool) -> list[int]:
        """Token ids of a text; with `markup`, special tokens in it are meant."""
        data = text.encode("utf-8", errors="surrogatepass")
        size = len(data) + 8
        ids = (llama_cpp.llama_token * size)()
        count = llama_cpp.llama_tokenize(self.vocab, data, len(data), ids, size, False, markup)
        return list(ids[:count])

    def piece(self, token: int) -> bytes:
        """The bytes of a token, special tokens as their text."""
        known = self._pieces.get(token)
        if known is None:
            length = llama_cpp.llama_token_to_piece(self.vocab, token, self._piece_buffer, 512, 0, True)
            known = self._pieces[token] = self._piece_buffer.raw[: max(length, 0)]
        return known

    def token_text(self, key: str) -> str:
        """Text of a special token named in the metadata (`bos`, `eos`); empty where there is none."""
        token = self.metadata.get(f"tokenizer.ggml.{key}_token_id")
        return self.piece(int(token)).decode(errors="replace") if token else ""

    def decode(self, rows: list[Row]) -> None:
        """Runs the model over at most `batch_rows` rows.

        Raises:
            CacheFull: nothing was changed.
            Aborted: take the sequences back to where they were with `truncate`.
        """
        batch = self._batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = wanted
        code = llama_cpp.llama_decode(self._context, batch)
        if code == 1:
            raise CacheFull
        if code == 2:
            raise Aborted
        if code:
            raise ModelError(f"llama.cpp failed to decode (code {code}): {'; '.join(_log_lines[-2:])[:300]}")

    def logits(self, row: int) -> NDArray[np.float32]:
        """Logits of a row of the last batch, shape (vocab_size,): a view that the next `decode` overwrites."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, shape=(self.vocab_size,))

    def copy(self, source: int, target: int, length: int) -> None:
        """Makes the target sequence share the first `length` cells of the source."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def truncate(self, sequence: int, length: int) -> None:
        """Drops all but the first `length` cells of a sequence."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1)

    def abort(self, on: bool) -> None:
        """While on, a running `decode` ends with Aborted; may be called from any thread."""
        self._abort_flag[0] = b"1" if on else b"0"
