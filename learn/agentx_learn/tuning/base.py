"""What `--model` means for an encoder: the catalogue's MiniLM, a folder, or a name of the hub."""

import contextlib
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from agentx.errors import ModelFileError, ModelNotFound
from agentx.models.progress import ProgressSink
from agentx_learn.tuning.card import licence_of, licence_of_hub

MINILM = "minilm-encoder"
_TORCH = "torch"


@dataclass(frozen=True, slots=True)
class Base:
    """Attributes:
    source: what `from_pretrained` is given.
    name: as a person calls it.
    licence: empty if nothing tells it.
    """

    source: str
    name: str
    licence: str


@contextlib.contextmanager
def encoder(name: str, progress: ProgressSink) -> Generator[Base]:
    """The files of an encoder, fetched if they are the catalogue's; load it inside.

    Args:
        name: `minilm-encoder`, a folder as `save_pretrained` or `agentx tune classifier` writes it, or a name of the
            hub, which `from_pretrained` asks later.

    Raises:
        ModelError, UsageError: as `agentx.models.acquire.ensure`.
    """
    from agentx.models import acquire
    from agentx.models.catalog import load

    folder = Path(name).expanduser()
    catalogue = load()
    if folder.is_dir():
        source = folder if (folder / "config.json").is_file() else folder / _TORCH
        if not (source / "config.json").is_file():
            raise ModelFileError(f"{folder} holds no model of transformers (config.json); name another --model.")
        yield Base(str(source), folder.absolute().name, licence_of(source))
    elif name in catalogue:
        entry = catalogue.get(name)
        if entry.kind != "encoder":
            raise ModelNotFound(f"`{name}` is no encoder that could be trained; take {MINILM}, a folder or a hub name.")
        found = acquire.ensure(name, progress)
        with _assembled(found.paths) as assembled:
            yield Base(str(assembled), entry.name, entry.licence)
    elif not name.strip() or name.startswith(("/", "./", "../", "~")):
        raise ModelNotFound(f"There is no folder `{name}`: name one that holds an encoder, {MINILM}, or a hub name.")
    else:
        yield Base(name, name, licence_of_hub(name))


@contextlib.contextmanager
def _assembled(paths: dict[str, Path]) -> Generator[Path]:
    """The catalogue's files beside the small ones that `from_pretrained` wants, which come with this package."""
    with tempfile.TemporaryDirectory(prefix="agentx-") as scratch:
        for file, path in paths.items():
            Path(scratch, file).symlink_to(path)
        for small in resources.files("agentx_learn.tuning").joinpath("minilm").iterdir():
            Path(scratch, small.name).write_bytes(small.read_bytes())
        yield Path(scratch)
