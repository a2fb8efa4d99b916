"""Models under a LoRA adapter: the weights are loaded once, and each request says under which adapter it is decoded."""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from agentx.decoding.engine import Engine
from agentx.decoding.llama import Llama
from agentx.errors import ModelError, UsageError
from agentx.model import Model, Prompt
from agentx.models.adapter_file import check_architecture
from agentx.models.digest import sha256
from agentx.models.engine_model import EngineModel

T = TypeVar("T")


class AdaptedModel(EngineModel):
    """A Model (see `agentx.model.Model`) that shares weights, cache and thread with the one that it was made of.

    What is known of the model by its `identity`, such as thresholds, holds for it too: an adapter is small beside it.

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
        super().__init__(engine, f"{base.name} + {path.stem}", base.dialect, base.chat, base.identity, base.drafts)
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
            raise ModelError("The adapter was unloaded; load it again.")
        return super()._tokens(prompt)


class Adapters:
    """The adapters of one loaded model; may be used from any thread.

    Args:
        base: the model.
        engine: its engine.
        llama: what the engine runs.
    """

    def __init__(self, base: EngineModel, engine: Engine, llama: Llama) -> None:
        self._base, self._engine, self._llama = base, engine, llama
        self._loaded: dict[str, AdaptedModel] = {}
        self._loading = Lock()

    def load(self, path: Path) -> AdaptedModel:
        """The model under the adapter in a file; a file that is loaded already, by its bytes, is shared.

        Raises:
            ModelFileError: there is no such file, or it is no LoRA adapter for this model.
            ModelError: the model was closed.
        """
        check_architecture(path, self._llama.metadata.get("general.architecture", ""))
        digest = sha256(path)
        with self._loading:
            known = self._loaded.get(digest)
            if known is None or known.closed:
                on_thread(self._engine, lambda: self._llama.loras.load(path, digest))
                known = self._loaded[digest] = AdaptedModel(self._base, self._engine, path, digest, self._unload)
            return known

    def _unload(self, model: AdaptedModel) -> None:
        def unload() -> None:
            self._engine.forget(model.adapter)
            self._llama.loras.free(model.adapter)

        # Under the lock, so that nobody loads the same file again in between; a model that was closed has freed it.
        with self._loading, contextlib.suppress(ModelError):
            if not model.closed:
                model.unloaded = True
                on_thread(self._engine, unload)


def under(model: Model, path: Path | str) -> Model:
    """A model under a LoRA adapter, which its backend must know how to load.

    Raises:
        UsageError: the backend takes no adapters.
        ModelFileError: there is no such file, or it is no LoRA adapter for this model.
    """
    adapted: Any = getattr(model, "adapted", None)
    if adapted is None:
        raise UsageError(f"An adapter needs a model that llama.cpp runs, and {model.name} is none; leave it out.")
    return adapted(Path(path).expanduser())


def on_thread(engine: Engine, work: Callable[[], T]) -> T:
    """Does some work on the engine's thread, between two batches, and waits for it.

    Raises:
        ModelError: the engine was closed.
    """
    done: Future[T] = Future()

    def job() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    engine.run(job)
    return done.result()
