"""Weights and tokenizer by `from_pretrained`: from the hub, a folder or a GGUF file; what fails is one sentence."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from agentx.errors import ModelError, ModelFileError, ModelNotFound
from agentx.models.progress import ProgressSink
from agentx_learn.decoder.cells import attention_layers
from agentx_learn.decoder.request import Request
from agentx_learn.extra import require
from agentx_learn.loading import pretrained, quiet, sentences


@dataclass(frozen=True, slots=True)
class Origin:
    """Where weights come from.

    Attributes:
        source: what `from_pretrained` is given: a name of the hub or a folder.
        gguf: name of the file in that folder, if it is one.
        name: as shown to a person.
        identity: see `agentx.model.Model.identity`; empty where only the loaded model can tell it.
        dialect: that suits the model.
    """

    source: str
    gguf: str = ""
    name: str = ""
    identity: str = ""
    dialect: str = "python"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model on its device, in evaluation mode, and its tokenizer; both of `transformers`."""

    network: Any
    tokenizer: Any
    template: str
    identity: str


def locate(request: Request, progress: ProgressSink | None) -> Origin:
    """What a name means: a folder of the user's, a GGUF file (by its path, from the catalogue or hf://), else the hub.

    Raises:
        ModelError, UsageError: as `agentx.models.acquire.ensure`.
    """
    from agentx.models import acquire
    from agentx.models.catalog import load as load_catalogue

    folder = Path(request.name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelFileError(
                f"{folder} holds no config.json; name a folder as `save_pretrained` writes it, or a GGUF file."
            )
        return Origin(str(folder), name=folder.absolute().name, identity=folder_identity(folder))
    is_gguf = request.name.lower().endswith(".gguf") or request.name.startswith("hf://")
    if is_gguf or request.name in load_catalogue():
        require("Reading a GGUF file by transformers", "gguf")
        found = acquire.ensure(request.name, progress)
        dialect = (found.entry.dialect if found.entry else None) or "python"
        return Origin(str(found.path.parent), found.path.name, found.name, f"transformers-{found.identity}", dialect)
    if request.name.startswith(("/", "./", "../", "~")):
        raise ModelNotFound(f"There is no folder {folder}: check the path, or take a name of the hub.")
    return Origin(request.name, name=request.name)


def read(origin: Origin, request: Request, progress: ProgressSink | None) -> Loaded:
    """Loads what `locate` found; blocks while weights are fetched.

    Raises:
        ModelNotFound: the hub has no such model, or cannot be reached.
        ModelFileError: what is there is no causal language model that `transformers` can load.
        ModelError: there is no memory for it, or no such device.
    """
    device = _device(request)
    where: dict[str, Any] = {"gguf_file": origin.gguf} if origin.gguf else {}
    if request.revision:
        where["revision"] = request.revision
    how: dict[str, Any] = {"dtype": _dtype(request, device)}
    if (quantised := _quantised(request, device, progress)) is not None:
        how["quantization_config"] = quantised
    with quiet(), sentences(origin.source, "a causal language model", origin.name):
        config = pretrained(AutoConfig, origin.source, **where)
        if config.is_encoder_decoder:
            raise ModelFileError(f"{origin.name} is an encoder-decoder; a backend needs a causal language model.")
        tokenizer = pretrained(AutoTokenizer, origin.source, **where)
        network = pretrained(AutoModelForCausalLM, origin.source, **where, **how)
        if not quantised:
            network = network.to(device)
    if getattr(network, "_is_stateful", False) or attention_layers(network.config) is None:
        raise ModelFileError(
            f"{origin.name} keeps a state that cannot be cut back to an earlier token; choose a model with attention "
            "in all its layers."
        )
    commit = getattr(network.config, "_commit_hash", None) or ""
    identity = origin.identity or (f"{origin.source}@{commit}" if commit else "")
    if identity and quantised:  # other weights, whose cells are others too
        identity += f" {request.bits}-bit"
    return Loaded(network.eval(), tokenizer, _template(origin), identity)


def end_tokens(network: Any, tokenizer: Any) -> set[int]:
    """Tokens that end a reply, as the model's settings and its tokenizer name them."""
    named = [getattr(network.generation_config, "eos_token_id", None), network.config.eos_token_id]
    named.append(tokenizer.eos_token_id)
    ids = {token for name in named for token in (name if isinstance(name, list) else [name])}
    return {token for token in ids if isinstance(token, int) and token >= 0}


def folder_identity(folder: Path) -> str:
    """Tells a folder of weights from others by its settings and the sizes and times of its files."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        stat = path.stat()
        digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return f"transformers-{digest.hexdigest()}"


def _template(origin: Origin) -> str:
    """The chat template of a GGUF file, which not every tokenizer that is made of one carries."""
    if not origin.gguf:
        return ""
    from agentx.models.gguf import read_header

    return str(read_header(Path(origin.source, origin.gguf)).metadata.get("tokenizer.chat_template", ""))


def _device(request: Request) -> str:
    has_gpu = torch.cuda.is_available()
    if request.device == "cuda" and not has_gpu:
        raise ModelError("`device=cuda` was asked for and torch finds no GPU; leave it out to run on the CPU.")
    return "cuda" if has_gpu and request.device != "cpu" else "cpu"


def _dtype(request: Request, device: str) -> Any:
    if request.dtype != "auto":
        return getattr(torch, request.dtype)
    return "auto" if device == "cuda" else torch.float32


def _quantised(request: Request, device: str, progress: ProgressSink | None) -> Any:
    """Settings of quantised weights; None, after a sentence, where the hardware has nothing for them."""
    if not request.bits:
        return None
    if device != "cuda":
        if progress:
            progress.note(f"{request.bits}-bit weights need an NVIDIA GPU; {request.name} runs on the CPU unquantised.")
        return None
    require(f"Loading {request.bits}-bit weights", "bitsandbytes", "accelerate")
    return transformers.BitsAndBytesConfig(load_in_4bit=request.bits == 4, load_in_8bit=request.bits == 8)
