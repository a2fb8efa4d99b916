"""The entry point `transformers` of the group `agentx.models`; imports torch only when a model is loaded."""

import atexit
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentx.cpus import short_spins
from agentx_learn.decoder.request import Request, parse
from agentx_learn.extra import require

if TYPE_CHECKING:
    from agentx_learn.decoder.model import TransformersModel

DEFAULT_CONTEXT_TOKENS = 8192
_loaded: dict[tuple[Request, int, int | None], "TransformersModel"] = {}
_loading = threading.Lock()


def load(argument: str | None, options: Mapping[str, Any]) -> "TransformersModel":
    """The model that `transformers:NAME_OR_PATH?option=value` means; see `Request` for the options.

    Agents of a process that name the same model and options share one loaded model.

    Raises:
        ExtraMissing: torch or transformers are not installed.
        ModelNotFound, ModelFileError, ModelError: no such model, or none that can be decoded with.
        UsageError: an option that there is not.
    """
    request = parse(argument)
    require("The transformers backend", "torch", "transformers")
    # Torch brings an OpenMP runtime of its own.
    with short_spins():
        from agentx_learn.decoder.model import TransformersModel

    with _loading:
        key = (request, options.get("context_tokens") or DEFAULT_CONTEXT_TOKENS, options.get("threads"))
        if key not in _loaded or _loaded[key].closed:
            model = TransformersModel(request, key[1], key[2], options.get("progress"))
            atexit.register(model.finish)
            _loaded[key] = model
        return _loaded[key]
