"""An embedding model in a folder, in the layout of sentence-transformers."""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx.errors import ModelFileError, ModelNotFound
from agentx_memory.onnx_embedder import MAX_BATCH, PIECE_TOKENS, OnnxEmbedder, OnnxFiles, Pooling

if TYPE_CHECKING:
    from agentx.models.progress import ProgressSink

MAX_TOKENS = 256
"""Of a text, where the folder does not say."""

_POOLINGS: dict[str, Pooling] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "last",
}
_SHARED_SCALE = b"DynamicQuantizeLinear"
"""An operator that scales the activations of a whole batch alike, so that a text's vector would depend on others."""


class FolderEmbedder(OnnxEmbedder):
    """Reads `model.onnx` (or `onnx/model.onnx`), `tokenizer.json`, and if there are any, `1_Pooling/config.json` and
    `sentence_bert_config.json`. Prompts that a model wants before a query or a text are not added.

    Raises:
        ModelNotFound: a file is missing.
        ModelFileError: the settings cannot be read, or name a pooling that is not known.
    """

    def __init__(self, folder: Path, piece_tokens: int = PIECE_TOKENS) -> None:
        self._folder = folder.absolute()
        self._files = _found(self._folder)
        super().__init__(f"{self._folder.name}-{self._digest[:12]}", piece_tokens)

    def files(self, progress: "ProgressSink | None" = None) -> OnnxFiles:
        return self._files

    @cached_property
    def _digest(self) -> str:
        """Of all that changes a vector."""
        with self._files.model.open("rb") as model:
            state = hashlib.file_digest(model, "sha256")
        state.update(self._files.tokenizer.read_bytes())
        state.update(f"{self._files.pooling} {self._files.max_tokens}".encode())
        return state.hexdigest()


def _found(folder: Path) -> OnnxFiles:
    models = [path for path in (folder / "model.onnx", folder / "onnx" / "model.onnx") if path.is_file()]
    tokenizer = folder / "tokenizer.json"
    if not models or not tokenizer.is_file():
        missing = "tokenizer.json" if models else "model.onnx"
        raise ModelNotFound(f"The folder {folder} holds no {missing}, so it is no embedding model.")
    most = _settings(folder / "sentence_bert_config.json").get("max_seq_length", MAX_TOKENS)
    if not isinstance(most, int) or most < 8:
        raise ModelFileError(f"{folder / 'sentence_bert_config.json'} gives {most!r} as the length of a text.")
    batch = 1 if _SHARED_SCALE in models[0].read_bytes() else MAX_BATCH
    return OnnxFiles(models[0], tokenizer, most, _pooling(folder / "1_Pooling" / "config.json"), batch)


def _pooling(path: Path) -> Pooling:
    named = [name for name, value in _settings(path).items() if name.startswith("pooling_mode_") and value is True]
    if not named:
        return "mean"
    if len(named) > 1 or named[0] not in _POOLINGS:
        raise ModelFileError(
            f"{path} wants {' and '.join(named)}; what is known is {', '.join(_POOLINGS)}, one of them."
        )
    return _POOLINGS[named[0]]


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be read ({error}); fetch the model anew.") from None
    if not isinstance(found, dict):
        raise ModelFileError(f"{path} holds no object; fetch the model anew.")
    return found
