"""Decoders and their weights."""

from typing import Any

from agentx.model import Model


def open_model(
    spec: str | None, *, threads: int | None = None, context_tokens: int | None = None, progress: Any = None
) -> Model:
    """The model that a name, a path, `hf://owner/repo/file` or `backend:argument` means.

    Blocks while weights are fetched and loaded; a model is loaded at most once a process.

    Args:
        spec: None for the default model; without a backend, llama.cpp is meant.
        threads: CPU threads; None for what the machine has.
        context_tokens: size of the KV cache in tokens; None for the backend's default.
        progress: a ProgressSink that is told of downloads.

    Raises:
        ModelNotFound, ModelFileError, DownloadError, ModelError.
    """
    from agentx import plugins

    backend, colon, argument = (spec or "").partition(":")
    if not colon or argument.startswith("//") or backend not in plugins.names("agentx.models"):
        backend, argument = "llama_cpp", spec
    options = {"threads": threads, "context_tokens": context_tokens, "progress": progress}
    return plugins.load("agentx.models", backend)(argument, options)
