"""Where the memory lies and which model embeds for it, as the settings of its tools say."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentx import folders
from agentx.errors import ConfigError

if TYPE_CHECKING:
    from agentx_memory.embedder import Embedder


def folder_of(settings: Mapping[str, Any]) -> Path:
    """The folder that the setting `path` names, seen from the data folder.

    Raises:
        ConfigError: it names none.
    """
    setting = settings.get("path", "memory")
    if not isinstance(setting, str) or not setting:
        raise ConfigError(f"The memory's setting `path` must be the name of a folder, not {setting!r}.")
    try:
        return folders.data_dir() / Path(setting).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"The memory's setting `path` is {setting!r}, and there is no such home folder.") from error


def embedder_of(settings: Mapping[str, Any]) -> "Embedder":
    """The embedding model that the setting `embedder` names, by default MiniLM; nothing is loaded yet.

    Raises:
        ConfigError: it is no text.
        ModelNotFound: there is no such model.
    """
    from agentx_memory.embedder import embedder_named

    setting = settings.get("embedder")
    if setting is not None and not isinstance(setting, str):
        raise ConfigError(f"The memory's setting `embedder` must be a name or a folder, not {setting!r}.")
    return embedder_named(setting)
