"""A GGUF file that the user names by its path."""

from pathlib import Path

from agentx.errors import ModelNotFound
from agentx.models.gguf import read_header


def looks_like_path(model: str) -> bool:
    return "/" in model or "\\" in model or model.lower().endswith(".gguf") or Path(model).is_file()


def checked(model: str) -> Path:
    """The file of that path, after a look at its header.

    Raises:
        ModelNotFound: there is no such file.
        ModelFileError: it is no GGUF, or it is truncated.
    """
    path = Path(model).expanduser().absolute()
    if not path.exists():
        raise ModelNotFound(f"There is no file {path}: check the path, or take a name from `agentx models list`.")
    read_header(path)
    return path
