"""LoRA adapters in llama.cpp (Hu et al. 2021): loaded beside the model, at work in one context, freed again."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentx.cpus import short_spins
from agentx.errors import ModelError, ModelFileError

with short_spins():
    import llama_cpp


class Loras:
    """The adapters of one model. One thread owns it, that of the context.

    Args:
        model, context: llama.cpp's.
        log: the latest error lines of llama.cpp, which it goes on writing to.
    """

    def __init__(self, model: Any, context: Any, log: list[str]) -> None:
        self._model = model
        self._context = context
        self._log = log
        self._loaded: dict[str, Any] = {}
        self._used = ""

    def load(self, path: Path, name: str) -> None:
        """Loads an adapter under a name; another of that name must not be loaded.

        Raises:
            ModelFileError: it is no LoRA adapter for this model.
        """
        self._log.clear()
        adapter = llama_cpp.llama_adapter_lora_init(self._model, str(path).encode())
        if not adapter:
            raise ModelFileError(
                f"{path} cannot be loaded as an adapter of this model ({_reason(self._log)}); "
                "name one that was trained on it."
            )
        if llama_cpp.llama_adapter_get_alora_n_invocation_tokens(adapter):
            llama_cpp.llama_adapter_lora_free(adapter)
            raise ModelFileError(
                f"{path} is an adapter that certain tokens switch on (aLoRA), which is not supported; "
                "name a plain LoRA adapter."
            )
        self._loaded[name] = adapter

    def use(self, name: str) -> None:
        """Has the batches that follow run under an adapter; "" under none.

        Raises:
            ModelError: no adapter of that name is loaded.
        """
        if name == self._used:
            return
        if name and name not in self._loaded:
            raise ModelError("The batch is to run under an adapter that is not loaded; load it again.")
        chosen = [self._loaded[name]] if name else []
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(*chosen)
        scales = (ctypes.c_float * 1)(1.0)
        llama_cpp.llama_set_adapters_lora(self._context, adapters, len(chosen), scales)
        self._used = name

    def free(self, name: str) -> None:
        """Unloads an adapter; nothing if there is none of that name."""
        if name == self._used:
            self.use("")
        if (adapter := self._loaded.pop(name, None)) is not None:
            llama_cpp.llama_adapter_lora_free(adapter)


def _reason(log: Sequence[str]) -> str:
    """What llama.cpp says of the failure, without the names of its functions and its advice to programmers."""
    line = log[-1] if log else "llama.cpp gives no reason"
    return line.rpartition("failed to apply lora adapter: ")[2].partition(" (hint")[0][:200].rstrip(".")
