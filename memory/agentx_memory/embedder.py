"""Which embedding model the memory has, and the default one: all-MiniLM-L6-v2 with int8 weights, on onnxruntime."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agentx import embedding
from agentx.errors import ModelNotFound
from agentx_memory.onnx_embedder import PIECE_TOKENS, OnnxEmbedder, OnnxFiles

if TYPE_CHECKING:
    from agentx.models.progress import ProgressSink

__all__ = ["MAX_TOKENS", "PIECE_TOKENS", "Embedder", "MiniLmEmbedder", "OnnxEmbedder", "embedder_named"]

MAX_TOKENS = 256
"""Tokens of a text that MiniLM sees, [CLS] and [SEP] included; what comes after does not change the vector."""


class Embedder(embedding.Embedder, Protocol):
    """What a store needs of an embedding model beside what `agentx.embedding` names."""

    def split(self, text: str) -> list[str]:
        """The text in pieces that each fit the model; joined, they are the text."""
        ...


class MiniLmEmbedder(OnnxEmbedder):
    """384 floats a text: mean of the token states, scaled to unit length.

    Args:
        model: `model.onnx`; with `tokenizer` left out too, both are acquired as the catalogue's `minilm`.
        tokenizer: `tokenizer.json`.
        piece_tokens: tokens of a piece at most.
    """

    advice = "`agentx models pull minilm` fetches it anew"

    def __init__(
        self, model: Path | None = None, tokenizer: Path | None = None, *, piece_tokens: int = PIECE_TOKENS
    ) -> None:
        if (model is None) != (tokenizer is None):
            raise TypeError("MiniLmEmbedder takes both files or none.")
        super().__init__("all-MiniLM-L6-v2-int8", piece_tokens)
        self._given = OnnxFiles(model, tokenizer, MAX_TOKENS) if model is not None and tokenizer is not None else None

    def files(self, progress: "ProgressSink | None" = None) -> OnnxFiles:
        if self._given is not None:
            return self._given
        from agentx.models.acquire import ensure

        paths = ensure("minilm", progress).paths
        return OnnxFiles(paths["model.onnx"], paths["tokenizer.json"], MAX_TOKENS)


def embedder_named(name: str | Path | None = None, *, piece_tokens: int = PIECE_TOKENS) -> Embedder:
    """The embedding model of a name: `minilm`, the folder of one in the layout of sentence-transformers with
    `model.onnx` and `tokenizer.json`, or a `.gguf` file.

    Raises:
        ModelNotFound: there is no such model.
        ModelFileError: the folder's settings cannot be used.
    """
    if name is None or name == "minilm":
        return MiniLmEmbedder(piece_tokens=piece_tokens)
    folder = Path(name).expanduser()
    if folder.suffix == ".gguf" and folder.is_file():
        from agentx_memory.gguf_embedder import GgufEmbedder

        return GgufEmbedder(folder, piece_tokens)
    if not folder.is_dir():
        raise ModelNotFound(
            f"There is no embedding model `{name}`; take `minilm`, a folder with model.onnx and tokenizer.json, or a "
            ".gguf file."
        )
    from agentx_memory.onnx_folder import FolderEmbedder

    return FolderEmbedder(folder, piece_tokens)
