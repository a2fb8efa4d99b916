"""Files that other programs have already fetched: Hugging Face hub cache, LM Studio, Ollama, llama.cpp, downloads."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Found:
    """A file in one of the usual places.

    Attributes:
        path: where its bytes are.
        place: as shown to a person ("Ollama").
        label: what the place calls it.
        size: in bytes.
    """

    path: Path
    place: str
    label: str
    size: int


_Named: TypeAlias = Iterator[tuple[Path, str]]


def usual_places() -> Iterator[Found]:
    """All model files in the usual places. A folder that cannot be read is passed over."""
    for place, files in (
        ("Hugging Face", _hub_files(hub_cache())),
        ("LM Studio", _lm_studio_files()),
        ("Ollama", _ollama_files()),
        ("llama.cpp", _plain_files(_llama_cpp_cache(), "**/*.gguf")),
        ("Downloads", _plain_files(Path.home() / "Downloads", "*.gguf")),
        ("current folder", _plain_files(Path.cwd(), "*.gguf")),
    ):
        for path, label in files:
            try:
                if path.is_file():
                    yield Found(path, place, label, path.stat().st_size)
            except OSError:
                continue


def hub_cache() -> Path:
    """The hub cache's folder, by the rules of `huggingface_hub`, without importing it."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if folder := os.environ.get(variable):
            return Path(folder).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches).expanduser() / "huggingface" / "hub"


def _hub_files(cache: Path) -> _Named:
    for repo in _glob(cache, "models--*"):
        for path in _glob(repo, "snapshots/*/**/*"):
            # A snapshot may hold the repository's configuration too: small text files that nobody pins.
            if path.suffix in (".gguf", ".onnx") or path.name == "tokenizer.json":
                owner_and_name = repo.name.removeprefix("models--").replace("--", "/")
                yield path, f"{owner_and_name}/{path.name}"


def _lm_studio_files() -> _Named:
    for folder in (Path.home() / ".lmstudio" / "models", Path.home() / ".cache" / "lm-studio" / "models"):
        for path in _glob(folder, "**/*.gguf"):
            yield path, str(path.relative_to(folder))


def _ollama_files() -> _Named:
    """Ollama names files by hash; a manifest says which of them is the model."""
    named = os.environ.get("OLLAMA_MODELS")
    own, service = Path.home() / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")
    for folder in [Path(named).expanduser()] if named else [own, service]:
        for manifest in _glob(folder / "manifests", "**/*"):
            for digest in _model_layers(manifest):
                label = "/".join(manifest.relative_to(folder / "manifests").parts[-2:])
                yield folder / "blobs" / digest.replace(":", "-"), label


def _llama_cpp_cache() -> Path:
    if folder := os.environ.get("LLAMA_CACHE"):
        return Path(folder).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches).expanduser() / "llama.cpp"


def _plain_files(folder: Path, pattern: str) -> _Named:
    return ((path, path.name) for path in _glob(folder, pattern))


def _model_layers(manifest: Path) -> list[str]:
    try:
        if not manifest.is_file():
            return []
        rows: Any = json.loads(manifest.read_text(encoding="utf-8"))
        kind = "application/vnd.ollama.image.model"
        digests = [str(layer["digest"]) for layer in rows["layers"] if layer["mediaType"] == kind]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [digest for digest in digests if digest.startswith("sha256:") and digest[7:].isalnum()]


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []
