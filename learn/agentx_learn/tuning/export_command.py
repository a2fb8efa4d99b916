"""`agentx tune export-adapter`: an adapter of peft as the GGUF file that llama.cpp loads."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentx.errors import ModelFileError, UsageError
from agentx_learn.extra import require


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder as `save_pretrained` of peft writes it.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.gguf", help="The file to write.")],
    model: Annotated[
        str | None,
        typer.Option("--model", help="The model that it was trained on: a name of the catalogue, or a GGUF path."),
    ] = None,
) -> int:
    """Write a LoRA adapter of peft as GGUF, for `agentx run --adapter`."""
    require("Writing an adapter as GGUF", "torch", "safetensors", "gguf")
    from agentx.models import acquire
    from agentx.models.gguf import read_header
    from agentx.models.progress import narrator
    from agentx_learn.adapters.gguf_file import write_gguf
    from agentx_learn.adapters.peft_folder import read_folder

    path = out.expanduser()
    _require_own(path)
    adapter = read_folder(folder.expanduser())
    with narrator() as progress:
        base = acquire.ensure(model, progress)
    write_gguf(adapter, read_header(base.path), path)
    sys.stderr.write(f"written: {out}; `agentx run --adapter {out} TASK` uses it with {base.name}.\n")
    return 0


def _require_own(path: Path) -> None:
    """Raises UsageError where the file that is to be written holds other things than an adapter: the model, perhaps."""
    from agentx.models.adapter_file import read_adapter

    if not path.exists() or (path.is_file() and not path.stat().st_size):
        return
    try:
        read_adapter(path)
    except ModelFileError as error:
        raise UsageError(f"{path} is there already and no adapter; name another file to write.") from error
