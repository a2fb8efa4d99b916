"""A Decoder (see `agentx.decoding.decoder.Decoder`) on torch: each sequence has a cache of its own."""

import inspect
from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agentx.decoding.decoder import Aborted, CacheFull, Row
from agentx_learn.decoder.cells import SequenceCache, attention_layers
from agentx_learn.decoder.tokens import Tokens


class TorchDecoder:
    """Args:
    network: a causal language model of `transformers`, in evaluation mode on its device.
    tokens: its tokenizer.
    context_tokens: cells for all sequences together, and for one at most what the model was trained with.
    sequences: how many may live at once.
    threads: CPU threads.
    """

    batch_rows = 128

    def __init__(self, network: Any, tokens: Tokens, context_tokens: int, sequences: int, threads: int) -> None:
        self._network: Any = network
        self._tokens = tokens
        config = network.config.get_text_config()
        trained = getattr(config, "max_position_embeddings", None) or context_tokens
        self.context_tokens: int = min(context_tokens, trained)
        self.vocab_size = tokens.vocab_size
        self.bos = tokens.bos
        self._threads = threads
        self._caches = [SequenceCache(attention_layers(config) or 0) for _ in range(sequences)]
        self._logits: dict[int, NDArray[np.float32]] = {}
        self._aborting = False
        # Rows whose logits nobody wants need no product with the vocabulary, if the model's code lets that be left out.
        taken = inspect.signature(network.forward).parameters
        self._keeps = "logits_to_keep" in taken
        self._cache_name = "cache" if "cache" in taken else "past_key_values"
        for layer in _layers(network, config.num_hidden_layers):
            layer.register_forward_pre_hook(self._give_up)

    @property
    def end_tokens(self) -> frozenset[int]:
        return self._tokens.end_tokens

    @property
    def state_origin(self) -> dict[str, Any]:
        """What a sequence's state depends on beside weights and tokens."""
        import transformers

        network = self._network
        return {
            "build": f"torch {torch.__version__} transformers {transformers.__version__}",
            "context_tokens": self.context_tokens,
            "kv": f"{network.dtype} {network.device.type} {getattr(network.config, '_attn_implementation', '')}",
        }

    def tokenize(self, text: str | bytes, markup: bool) -> list[int]:
        return self._tokens.tokenize(text, markup)

    def piece(self, token: int) -> bytes:
        return self._tokens.piece(token)

    @torch.inference_mode()
    def decode(self, rows: list[Row]) -> None:
        if any(position >= self.context_tokens for _, position, _, _ in rows):
            raise CacheFull
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        self._logits.clear()
        for first, part in _by_sequence(rows):
            cache = self._caches[part[0][2]]
            assert cache.end == part[0][1], "the rows go on where the sequence ends"
            unwanted = next((i for i, row in enumerate(part) if row[3]), len(part) - 1)
            logits = self._forward(cache, [row[0] for row in part], len(part) - unwanted)
            for i, row in enumerate(logits, first + unwanted):
                self._logits[i] = row

    def logits(self, row: int) -> NDArray[np.float32]:
        return self._logits[row]

    @torch.inference_mode()
    def copy(self, source: int, target: int, end: int, start: int = 0) -> None:
        self._caches[target].extend(self._caches[source], start, end)

    def truncate(self, sequence: int, length: int) -> None:
        self._caches[sequence].truncate(length)

    def state_size(self, sequence: int) -> int:
        return self.state(sequence).nbytes

    def state(self, sequence: int) -> memoryview:
        return self._caches[sequence].to_bytes()

    @torch.inference_mode()
    def load_state(self, sequence: int, state: memoryview) -> bool:
        return self._caches[sequence].from_bytes(state, self._network.device)

    def adapt(self, adapter: str) -> None:
        """Nothing to do: no adapter was ever loaded, so none but "" is asked for."""

    def abort(self, on: bool) -> None:
        self._aborting = on

    def close(self) -> None:
        for cache in self._caches:
            cache.truncate(0)
        self._logits.clear()
        self._network = None

    def _forward(self, cache: SequenceCache, tokens: list[int], keep: int) -> NDArray[np.float32]:
        """Logits of the last `keep` tokens, which go behind those of the cache; shape (keep, vocab_size)."""
        options: dict[str, Any] = {"logits_to_keep": keep} if self._keeps else {}
        ids = torch.tensor([tokens], device=self._network.device)
        out = self._network(input_ids=ids, use_cache=True, **{self._cache_name: cache}, **options)
        logits = out.logits[0, -keep:].float().cpu().numpy()
        if logits.shape[1] == self.vocab_size:
            return logits
        # The tokenizer knows tokens for which the model has no row: they can never come.
        wide = np.full((len(logits), self.vocab_size), -np.inf, np.float32)
        wide[:, : logits.shape[1]] = logits
        return wide

    def _give_up(self, *_: Any) -> None:
        """Called before each layer, so that a long batch is given up within it."""
        if self._aborting:
            raise Aborted


def _by_sequence(rows: list[Row]) -> Generator[tuple[int, list[Row]]]:
    """Stretches of rows of one sequence, each with the index of its first row."""
    start = 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or rows[i][2] != rows[start][2]:
            yield start, rows[start:i]
            start = i


def _layers(network: Any, count: int) -> list[Any]:
    """The model's layers: the list of modules that has as many as its configuration says."""
    lists = (module for module in network.modules() if isinstance(module, torch.nn.ModuleList) and len(module) == count)
    return list(next(lists, []))
