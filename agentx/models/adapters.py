"""Models under a LoRA adapter: the weights are loaded once, and each request says under which adapter it is decoded."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agentx.decoding.engine import UNLOADED, Engine
from agentx.decoding.llama import Llama
from agentx.errors import ModelError, ModelFileError, UsageError
from agentx.model import Model, Prompt
from agentx.models.adapter_file import check_architecture
from agentx.models.digest import sha256
from agentx.models.engine_model import EngineModel
from agentx.threads import waited_for

T = TypeVar("T")


class AdaptedModel(EngineModel):
    """A Model (see `agentx.model.Model`) that shares weights, cache and thread with the one that it was made of.

    Its `identity` is its own: thresholds that were measured without the adapter do not hold under it.

    Attributes:
        base: the model without the adapter.

    Args:
        base: as above.
        engine: that of the base.
        path: the adapter's file.
        digest: SHA-256 of that file.
        unload: unloads the adapter; told by `close`.
    """

    def __init__(
        self, base: EngineModel, engine: Engine, path: Path, digest: str, unload: Callable[["AdaptedModel"], None]
    ) -> None:
        identity = base.identity and f"{base.identity}-{digest}"
        super().__init__(engine, f"{base.name} + {path.stem}", base.dialect, base.chat, identity, base.drafts)
        self.base = base
        self.adapter = digest
        self.build = {**getattr(base, "build", {}), "adapter": digest}
        self._unload = unload
        self.unloaded = False

    @property
    def closed(self) -> bool:
        return self.unloaded or super().closed

    def finish(self) -> None:
        """Nothing to do: the engine is the base's."""

    def close(self) -> None:
        """Unloads the adapter; what is being decoded under it is broken off, the model itself goes on."""
        self._unload(self)

    def _tokens(self, prompt: Prompt) -> tuple[list[int], int]:
        if self.unloaded:
            raise ModelError(UNLOADED)
        return super()._tokens(prompt)


class Adapters:
    """The adapters of one loaded model; may be used from any thread.

    Which are loaded changes on the engine's thread alone, so that a caller who waits no longer leaves nothing undone.

    Args:
        base: the model.
        engine: its engine.
        llama: what the engine runs.
    """

    def __init__(self, base: EngineModel, engine: Engine, llama: Llama) -> None:
        self._base, self._engine, self._llama = base, engine, llama
        self._loaded: dict[str, AdaptedModel] = {}

    def load(self, path: Path) -> AdaptedModel:
        """The model under the adapter in a file; a file that is loaded already, by its bytes, is shared.

        Raises:
            ModelFileError: there is no such file, it is no LoRA adapter for this model, or it was changed meanwhile.
            ModelError: the model was closed.
        """
        check_architecture(path, self._llama.metadata.get("general.architecture", ""))
        digest = sha256(path)
        known = self._loaded.get(digest)
        return known if known and not known.closed else on_thread(self._engine, lambda: self._load(path, digest))

    def _load(self, path: Path, digest: str) -> AdaptedModel:
        if digest not in self._loaded:
            self._llama.loras.load(path, digest)
            if not _holds(path, digest):
                self._llama.loras.free(digest)
                raise ModelFileError(f"{path} was changed while it was loaded; load it again.")
            self._engine.adapters.add(digest)
            self._loaded[digest] = AdaptedModel(self._base, self._engine, path, digest, self._unload)
        return self._loaded[digest]

    def _unload(self, model: AdaptedModel) -> None:
        def unload() -> None:
            if not model.unloaded:
                model.unloaded = True
                del self._loaded[model.adapter]
                self._engine.forget(model.adapter)
                self._llama.loras.free(model.adapter)

        with contextlib.suppress(ModelError):  # a model that was closed has freed it
            on_thread(self._engine, unload)


def _holds(path: Path, digest: str) -> bool:
    """Whether a file still has the bytes of a digest."""
    try:
        return sha256(path) == digest
    except OSError:
        return False


def under(model: Model, path: Path | str) -> Model:
    """A model under a LoRA adapter, which its backend must know how to load.

    Raises:
        UsageError: the backend takes no adapters, or the model is under one.
        ModelFileError: there is no such file, or it is no LoRA adapter for this model.
    """
    if isinstance(model, AdaptedModel):
        raise UsageError(f"{model.name} is under an adapter already, and takes one at a time; leave the other out.")
    adapted: Any = getattr(model, "adapted", None)
    if adapted is None:
        raise UsageError(f"An adapter needs a model that llama.cpp runs, and {model.name} is none; leave it out.")
    return adapted(Path(path).expanduser())


def on_thread(engine: Engine, work: Callable[[], T]) -> T:
    """Does some work on the engine's thread, between two batches, and waits for it.

    Raises:
        ModelError: the engine was closed.
    """
    return waited_for(work, engine.run)
