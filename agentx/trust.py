"""Which project files the user has trusted, each by its place and its content: a changed file must be trusted again."""

import hashlib
import json
from pathlib import Path

from agentx import folders
from agentx.errors import ConfigError
from agentx.files import replace


def is_trusted(path: Path, content: bytes) -> bool:
    """Whether the file at this place was trusted with exactly this content."""
    return _read().get(_place(path)) == _digest(content)


def trust(path: Path, content: bytes) -> None:
    """Remembers a file and its content in the user's configuration folder.

    Raises:
        ConfigError: the folder cannot be written.
    """
    record = {**_read(), _place(path): _digest(content)}
    replace(_file(), json.dumps(record, indent=1).encode())


def _file() -> Path:
    return folders.config_dir() / "trusted.json"


def _read() -> dict[str, str]:
    try:
        record = json.loads(_file().read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{_file()} cannot be read ({error}); delete it and trust your projects again.") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{_file()} is not a JSON object; delete it and trust your projects again.")
    return record


def _place(path: Path) -> str:
    return str(path.resolve())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
