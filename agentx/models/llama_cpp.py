"""The llama.cpp backend: GGUF files, decoded by the engine of `agentx.decoding`."""

import atexit
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.cpus import default_threads, usable_cpus
from agentx.decoding import snapshots as store
from agentx.decoding.opening import open_llama
from agentx.decoding.snapshots import Snapshots
from agentx.models.adapters import AdaptedModel, Adapters
from agentx.models.chat_format import PlainFormat, TemplateFormat
from agentx.models.engine_model import EngineModel

if TYPE_CHECKING:
    from agentx.models.acquire import Resolved

DEFAULT_CONTEXT_TOKENS = 8192
_loaded: dict[tuple[Path, "LlamaOptions"], "LlamaCppModel"] = {}
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """What is chosen when a model is loaded; Agents that agree on it and on the file share one loaded model.

    Attributes:
        context_tokens: cells of the KV cache.
        threads: of the decoder; None takes what suits the machine.
        drafts: whether replies that repeat their context are guessed ahead; None where there are CPUs to spare for it.
    """

    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    threads: int | None = None
    drafts: bool | None = None


class LlamaCppModel(EngineModel):
    """A Model (see `agentx.model.Model`) on a GGUF file.

    Args:
        path: the file.
        name: as shown to a person.
        dialect: name of the dialect that suits the model.
        snapshots: where the beginnings of prompts are kept between processes; None keeps none.
        identity: see `Model.identity`.

    Raises:
        ModelFileError, ModelError: the file cannot be loaded, or there is no memory for it.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        dialect: str = "python",
        options: LlamaOptions | None = None,
        snapshots: Snapshots | None = None,
        identity: str = "",
    ) -> None:
        options = options or LlamaOptions()
        drafts = usable_cpus() >= 2 if options.drafts is None else options.drafts
        threads = options.threads or default_threads()
        engine, llama = open_llama(path, options.context_tokens, threads, snapshots)
        template = llama.metadata.get("tokenizer.chat_template", "")
        chat = TemplateFormat(template, llama.token_text("bos"), llama.token_text("eos")) if template else PlainFormat()
        super().__init__(engine, name, dialect, chat, identity, drafts)
        self._adapters = Adapters(self, engine, llama)
        self.build = {**llama.state_origin, "threads": threads, "drafts": drafts}

    def adapted(self, path: Path) -> AdaptedModel:
        """This model under the LoRA adapter in a GGUF file; it shares weights and cache with this one, which goes on
        beside it.

        All who name the same bytes get the same object: the first `close` unloads the adapter for all of them.

        Raises:
            ModelFileError: there is no such file, it is no LoRA adapter for this model, or it was changed meanwhile.
        """
        return self._adapters.load(path)


def load(argument: str | None, options: Mapping[str, Any]) -> LlamaCppModel:
    """The model of a catalogue name, a path or `hf://owner/repo/file`; None for the default model.

    Agents of a process that name the same file and options share one loaded model.
    """
    from agentx.models import acquire

    resolved = acquire.ensure(argument, options.get("progress"))
    chosen = LlamaOptions(options.get("context_tokens") or DEFAULT_CONTEXT_TOKENS, options.get("threads"))
    with _loading:
        key = (resolved.path, chosen)
        if key not in _loaded or _loaded[key].closed:
            dialect = resolved.entry.dialect if resolved.entry else None
            kept = _snapshots(resolved)
            model = LlamaCppModel(resolved.path, resolved.name, dialect or "python", chosen, kept, resolved.identity)
            atexit.register(model.finish)
            _loaded[key] = model
        return _loaded[key]


def _snapshots(resolved: "Resolved") -> Snapshots | None:
    cap = store.cap_from_environment()
    return Snapshots(store.folder(), resolved.identity, resolved.name, cap) if cap else None
