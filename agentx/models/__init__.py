"""Decoders and their weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.model import Model

if TYPE_CHECKING:
    from agentx.config import Settings


def open_model(
    spec: str | None,
    *,
    threads: int | None = None,
    context_tokens: int | None = None,
    adapter: Path | str | None = None,
    progress: Any = None,
) -> Model:
    """The model that a name, a path, `hf://owner/repo/file` or `backend:argument` means.

    Blocks while weights are fetched and loaded; a model is loaded at most once a process.

    Args:
        spec: None for the default model; without a backend, llama.cpp is meant.
        threads: CPU threads; None for what the machine has.
        context_tokens: size of the KV cache in tokens; None for the backend's default.
        adapter: a LoRA adapter, as a GGUF file, that the model runs under; it is loaded beside the model, which others
            may use without it or under another one. "none" is none, as None is.
        progress: a ProgressSink that is told of downloads.

    Raises:
        ModelNotFound, ModelFileError, DownloadError, ModelError.
        UsageError: the backend takes no adapters.
    """
    from agentx import plugins

    backend, colon, argument = (spec or "").partition(":")
    if not colon or argument.startswith("//") or backend not in plugins.names("agentx.models"):
        backend, argument = "llama_cpp", spec
    options = {"threads": threads, "context_tokens": context_tokens, "progress": progress}
    model: Model = plugins.load("agentx.models", backend)(argument, options)
    from agentx.models.default_adapters import NONE

    if adapter is None or adapter == NONE:
        return model
    from agentx.models.adapters import under

    return under(model, adapter)


def open_configured(settings: "Settings", progress: Any = None) -> Model:
    """The model that settings name, as they would have it; see `open_model`."""
    return open_model(
        settings.model,
        threads=settings.threads,
        context_tokens=settings.context_tokens,
        adapter=settings.adapter,
        progress=progress,
    )
