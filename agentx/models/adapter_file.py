"""What a LoRA adapter's file says of itself, read without loading anything."""

from pathlib import Path

from agentx.errors import ModelFileError
from agentx.models.gguf import Header, read_header


def read_adapter(path: Path) -> Header:
    """The header of a LoRA adapter as a GGUF file.

    Raises:
        ModelFileError: there is no such file, or it is something else.
    """
    header = read_header(path)
    if header.metadata.get("general.type") != "adapter":
        kind = f"a {header.architecture} model" if header.architecture else "something else"
        raise ModelFileError(f"{path} is no adapter but {kind}; name a LoRA adapter, as a GGUF file.")
    kind = header.metadata.get("adapter.type")
    if kind != "lora":
        raise ModelFileError(f"{path} is an adapter of the type {kind!r}, and only `lora` is supported; name another.")
    return header


def check_architecture(path: Path, architecture: str) -> None:
    """Sees to it that a file is a LoRA adapter for models of an architecture, such as "llama".

    Raises:
        ModelFileError: it is not.
    """
    found = read_adapter(path).architecture
    if found != architecture:
        raise ModelFileError(
            f"{path} is an adapter for {found or 'an unnamed architecture'}, and the model is {architecture}; "
            "name one that was trained on it."
        )
