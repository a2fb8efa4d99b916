"""A guard's own table of the settings file, read with a sentence for whatever is off in it."""

from collections.abc import Mapping
from typing import Any, cast

from agentx.errors import ConfigError


def require_known(guard: str, settings: Mapping[str, Any], *known: str) -> None:
    """Raises ConfigError where the table sets what the guard does not know."""
    for key in settings:
        if key not in known:
            told = f"it has {', '.join(known)}" if known else "it has none"
            raise ConfigError(f"The guard `{guard}` has no setting `{key}`; {told}.")


def texts(guard: str, settings: Mapping[str, Any], key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A list of texts, none of them empty; raises ConfigError where it is something else."""
    value = settings.get(key, list(default))
    listed = cast("list[Any]", value) if isinstance(value, list) else [None]
    if not all(isinstance(item, str) and item.strip() for item in listed):
        raise ConfigError(f"The guard `{guard}`: `{key}` must be a list of words, not {value!r:.100}.")
    return tuple(map(str, listed))
