"""A thin face of llama.cpp's C API: one model, one context, many sequences. Knows tokens and rows, no policy.

Not thread-safe but for `tokenize`, `piece`, `marked_pieces` and `abort`: one thread owns the rest.
"""

import ctypes
import hashlib
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from agentx.cpus import short_spins
from agentx.decoding.decoder import Aborted, CacheFull, Row
from agentx.decoding.lora import Loras
from agentx.errors import ModelError, ModelFileError

with short_spins():
    import llama_cpp

_MARK = b"\x02"
"""A byte that no tokenizer joins with what follows it."""

_log_lines: list[str] = []


@cast("Callable[[Any], Any]", llama_cpp.llama_log_callback)
def _keep_errors(level: int, text: bytes, data: object) -> None:
    if level >= 4:  # GGML_LOG_LEVEL_ERROR
        _log_lines.append(text.decode(errors="replace").strip())
        del _log_lines[:-8]


class Llama:
    """A Decoder (see `agentx.decoding.decoder.Decoder`) on llama.cpp: a loaded model with its context.

    Args:
        path: a GGUF file.
        context_tokens: cells of the KV cache, shared by all sequences; 0 takes what the model was trained with.
        sequences: how many sequences may live in the cache at once.
        threads: CPU threads.
        batch_rows: most rows that one `decode` takes.

    Raises:
        ModelFileError: llama.cpp cannot load the file, or what it holds cannot be decoded with.
        ModelError: there is no memory for the context.
    """

    def __init__(self, path: Path, context_tokens: int, sequences: int, threads: int, batch_rows: int = 256) -> None:
        llama_cpp.llama_backend_init()
        self.path = path
        self._model: Any = _load(path)
        self.vocab: Any = llama_cpp.llama_model_get_vocab(self._model)
        self.vocab_size: int = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.trained_context: int = llama_cpp.llama_model_n_ctx_train(self._model)
        self.metadata = self._read_metadata()
        self._context: Any = self._open_context(context_tokens, sequences, threads, batch_rows)
        self._memory: Any = llama_cpp.llama_get_memory(self._context)
        self.loras = Loras(self._model, self._context, _log_lines)
        self.context_tokens: int = llama_cpp.llama_n_ctx(self._context)
        self.sequences = sequences
        self.batch_rows = batch_rows
        self._batch = llama_cpp.llama_batch_init(batch_rows, 0, 1)
        bos = cast("int", llama_cpp.llama_vocab_bos(self.vocab))
        self.bos = bos if llama_cpp.llama_vocab_get_add_bos(self.vocab) else None
        self._piece_buffer = ctypes.create_string_buffer(512)
        self._pieces: dict[int, bytes] = {}
        # Some vocabularies want a space before the first text of each call, and our texts are fragments of a prompt.
        # Before a mark it does not matter: the mark's tokens are taken off again.
        marked = self._tokenize(_MARK, markup=False)
        spaced = b"".join(map(self.piece, marked)).startswith(b" ")
        self._mark, self._mark_tokens = (_MARK, len(marked)) if spaced else (b"", 0)

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
        self._parameters = parameters
        context = llama_cpp.llama_init_from_model(self._model, parameters)
        if not context:
            llama_cpp.llama_model_free(self._model)
            raise ModelError(
                f"There is no memory for a context of {parameters.n_ctx} tokens; choose a smaller one (context_tokens)."
            )
        if not llama_cpp.llama_get_memory(context):
            llama_cpp.llama_free(context)
            llama_cpp.llama_model_free(self._model)
            raise ModelFileError(f"{self.path} is no causal language model; choose one that writes.")
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
        """Frees the memory; nothing else may be called afterwards."""
        if self._model:
            llama_cpp.llama_batch_free(self._batch)
            llama_cpp.llama_free(self._context)
            llama_cpp.llama_model_free(self._model)
            self._model = None

    @property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end a reply."""
        return self._end_tokens

    @cached_property
    def _end_tokens(self) -> frozenset[int]:
        ends = _bare("llama_vocab_is_eog", ctypes.c_bool, ctypes.c_void_p, ctypes.c_int32)
        vocab = self.vocab
        return frozenset(token for token in range(self.vocab_size) if ends(vocab, token))

    @property
    def state_origin(self) -> dict[str, Any]:
        """What a sequence's state depends on beside weights and tokens; all of it must agree where one is loaded."""
        chosen = self._parameters
        return {
            "build": build(),
            "context_tokens": self.context_tokens,  # some models scale positions by it
            "kv": f"{chosen.type_k}/{chosen.type_v} unified={chosen.kv_unified:d} flash={chosen.flash_attn_type}",
            "adapter": "none",
        }

    def tokenize(self, text: str | bytes, markup: bool) -> list[int]:
        """Token ids of a text; with `markup`, special tokens in it are meant.

        Behind a special token within the text stands the space that some vocabularies want there, before the text none.
        """
        data = text.encode("utf-8", errors="surrogatepass") if isinstance(text, str) else text
        return self._tokenize(self._mark + data, markup)[self._mark_tokens :]

    def _tokenize(self, data: bytes, markup: bool) -> list[int]:
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

    def marked_pieces(self, tokens: Iterable[int]) -> list[bytes]:
        """The bytes of tokens, control and end tokens behind a 0xff: llguidance's way to tell them from text."""
        piece = _bare(
            "llama_token_to_piece",
            ctypes.c_int32,
            *(ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_bool),
        )
        attributes = _bare("llama_vocab_get_attr", ctypes.c_int, ctypes.c_void_p, ctypes.c_int32)
        vocab, size = self.vocab, 1 << 14
        buffer = ctypes.create_string_buffer(size)
        found: list[bytes] = []
        for token in tokens:
            text = ctypes.string_at(buffer, max(piece(vocab, token, buffer, size, 0, True), 0))
            # A user-defined token (`<tool_call>`) is text to llama.cpp's tokenizer, and has to be to a grammar.
            if token in self.end_tokens or attributes(vocab, token) & llama_cpp.LLAMA_TOKEN_ATTR_CONTROL:
                text = b"\xff" + text
            found.append(text)
        return found

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

    def adapt(self, adapter: str) -> None:
        """Has the batches that follow run under an adapter of `loras`; "" under none."""
        self.loras.use(adapter)

    def logits(self, row: int) -> NDArray[np.float32]:
        """Logits of a row of the last batch, shape (vocab_size,): a view that the next `decode` overwrites."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, shape=(self.vocab_size,))

    def copy(self, source: int, target: int, end: int, start: int = 0) -> None:
        """Makes the target sequence share the source's cells of positions `start` to `end`."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, start, end)

    def truncate(self, sequence: int, length: int) -> None:
        """Drops all but the first `length` cells of a sequence."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1)

    def state_size(self, sequence: int) -> int:
        """Bytes of a sequence's state."""
        return llama_cpp.llama_state_seq_get_size(self._context, cast("Any", sequence))

    def state(self, sequence: int) -> memoryview:
        """A copy of a sequence's cells and positions."""
        data = np.empty(self.state_size(sequence), np.uint8)
        written = llama_cpp.llama_state_seq_get_data(self._context, _pointer(data), data.nbytes, cast("Any", sequence))
        return data.data[:written]

    def load_state(self, sequence: int, state: memoryview) -> bool:
        """Puts a copied state in place of what the sequence holds; False, and the sequence empty, if it does not fit.

        The state must be known to be whole: llama.cpp checks only its outline.
        """
        data = np.frombuffer(state, np.uint8)
        if llama_cpp.llama_state_seq_set_data(self._context, _pointer(data), data.nbytes, cast("Any", sequence)):
            return True
        self.truncate(sequence, 0)
        return False

    def abort(self, on: bool) -> None:
        """While on, a running `decode` ends with Aborted; may be called from any thread."""
        self._abort_flag[0] = b"1" if on else b"0"


def build() -> str:
    """Tells this build of llama.cpp, and what it makes of this CPU, from others."""
    system = llama_cpp.llama_print_system_info()
    return f"{llama_cpp.__version__} {hashlib.blake2b(system, digest_size=8).hexdigest()}"


def _load(path: Path) -> Any:
    """The model of a file.

    Raises:
        ModelFileError: llama.cpp cannot load it, or what it holds cannot be decoded with.
    """

    def attempt(log: Any) -> Any:
        llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
        return llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())

    # A thousand lines, of which each would wait for the interpreter's lock; a function of libc swallows them faster.
    # Only where the file cannot be loaded is it tried again for the reason.
    model = attempt(ctypes.cast(ctypes.CDLL(None).abs, llama_cpp.llama_log_callback))
    if not model:
        _log_lines.clear()
        model = attempt(_keep_errors)
    llama_cpp.llama_log_set(_keep_errors, ctypes.c_void_p(0))
    if not model:
        why = next((line for line in _log_lines if "error" in line.lower()), "the file is no usable GGUF")
        raise ModelFileError(f"{path} cannot be loaded as a model ({why[:200]}); fetch or choose another file.")
    if refused := _refusal(model):
        llama_cpp.llama_model_free(model)
        raise ModelFileError(f"{path} {refused}.")
    return model


def _refusal(model: Any) -> str:
    """Why a model cannot be decoded with; empty if it can."""
    if llama_cpp.llama_model_has_encoder(model):
        return "has an encoder; choose a causal language model"
    if llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model):
        return (
            "keeps a state that cannot be cut back to an earlier token; choose a model with attention in all its layers"
        )
    return ""


def _bare(name: str, result: Any, *arguments: Any) -> Any:
    """A function of llama.cpp for a call a token: the package's own wrappers take most of such a call's time."""
    return ctypes.CFUNCTYPE(result, *arguments)((name, llama_cpp.llama_cpp._lib))  # pyright: ignore[reportPrivateUsage]


def _pointer(data: NDArray[np.uint8]) -> Any:
    return data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
