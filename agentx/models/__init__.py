"""Decoders and their weights: finds what a name means, and loads it once for all Agents of a process."""

import threading
from typing import Any

from agentx.model import Model

_loaded: dict[tuple[Any, ...], Model] = {}
_lock = threading.Lock()


def open_model(
    spec: str | None, *, threads: int | None = None, context_tokens: int | None = None, progress: Any = None
) -> Model:
    """The model that a name, a path, `hf://owner/repo/file` or `backend:argument` means; loaded at most once.

    Blocks while weights are fetched and loaded.

    Args:
        spec: None for the default model.
        threads: CPU threads; None for what the machine has.
        context_tokens: size of the KV cache in tokens; None for the backend's default.
        progress: a ProgressSink that is told of downloads.

    Raises:
        ModelNotFound, ModelFileError, DownloadError, ModelError.
    """
    from agentx import plugins

    backend, colon, argument = (spec or "").partition(":")
    if colon and not argument.startswith("//") and backend in plugins.names("agentx.models") and backend != "llama_cpp":
        return plugins.load("agentx.models", backend)(argument, {"threads": threads, "context_tokens": context_tokens})

    from agentx.models import acquire
    from agentx.models.llama_cpp import DEFAULT_CONTEXT_TOKENS, LlamaCppModel, LlamaOptions

    resolved = acquire.ensure(argument if backend == "llama_cpp" else spec, progress)
    entry = resolved.entry
    options = LlamaOptions(context_tokens or DEFAULT_CONTEXT_TOKENS, threads)
    key = (resolved.path, options)
    with _lock:
        if key not in _loaded:
            dialect = entry.dialect if entry else "python"
            _loaded[key] = LlamaCppModel(resolved.path, resolved.name, dialect or "python", options)
        return _loaded[key]
