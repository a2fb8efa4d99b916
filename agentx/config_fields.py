"""The settings one by one, as a screen shows them: what each is, what it may be, and whether a value names what there
is."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from agentx.errors import AgentXError, ConfigError

Kind: TypeAlias = Literal["switch", "choice", "number", "text", "list"]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting.

    Attributes:
        about: what it is, in a line.
        expected: what it may be, in words.
        choices: all that it may be, where that can be told.
        default: None where AgentX chooses.
    """

    key: str
    group: str
    about: str
    expected: str
    kind: Kind
    choices: tuple[str, ...]
    default: Any


def fields() -> list[Field]:
    """All settings but those of tools, by group; reads which plugins are installed."""
    from agentx.config import Settings

    found: list[Field] = []
    for item in dataclasses.fields(Settings):
        about = item.metadata
        if about:
            choices = _choices(about["choices"])
            default = item.default if item.default is not dataclasses.MISSING else []
            found.append(
                Field(
                    item.name, about["group"], about["about"], about["expected"], _kind(str(item.type), choices),
                    choices, default,
                )
            )  # fmt: skip
    groups = list(dict.fromkeys(field.group for field in found))
    return sorted(found, key=lambda field: groups.index(field.group))


def written(value: Any) -> str:
    """A value as one types it for `set_user_value`; "" for None."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def anywhere(key: str, value: Any) -> Any:
    """The value, so that it means the same file in every folder: the path of a model or of an adapter made absolute.

    A name, a reference to the hub, and what a backend is given (`backend:argument`) stay as they are.
    """
    is_path = {"model": _is_model_file, "adapter": _is_adapter_file}.get(key)
    if is_path is None or not value or not is_path(value):
        return value
    return str(Path(value).expanduser().absolute())


def check_names(key: str, value: Any) -> None:
    """Raises ConfigError where a value of the right type names a mode, a plugin or a pattern that there is not."""
    from agentx.config import Settings

    item = next((item for item in dataclasses.fields(Settings) if item.name == key), None)
    choices = _choices(item.metadata.get("choices", "")) if item is not None else ()
    if choices and value is not None and value not in choices:
        raise ConfigError(f"`{key}` must be one of {', '.join(choices)}, not {value!r:.100}.")
    if key in ("allow", "deny"):
        _check_patterns(key, cast("list[str]", value))
    if key == "enabled_tools":
        _check_tools(cast("list[str]", value or []))


def _is_model_file(model: str) -> bool:
    from agentx import plugins
    from agentx.models import catalog
    from agentx.models.sources.local import looks_like_path

    backend, colon, _ = model.partition(":")
    if "://" in model or (colon and backend in plugins.names("agentx.models")):
        return False
    return looks_like_path(model) and model not in catalog.load()


def _is_adapter_file(adapter: str) -> bool:
    from agentx.models.default_adapters import NONE

    return adapter != NONE


def _check_patterns(key: str, patterns: Iterable[str]) -> None:
    from agentx.policy import Pattern

    for pattern in patterns:
        try:
            Pattern.parse(pattern)
        except AgentXError as error:
            raise ConfigError(f"`{key}`: {error}") from None


def _check_tools(names: Iterable[str]) -> None:
    from agentx import offered

    for name in names:
        if not offered.is_known(name):
            raise ConfigError(
                f"`enabled_tools`: there is no tool `{name}`; the tools are: {', '.join(offered.known()) or 'none'}."
            )


def _choices(named: str) -> tuple[str, ...]:
    if not named:
        return ()
    if named == "modes":
        from agentx.policy import MODES

        return MODES
    from agentx import plugins

    return ("auto", *plugins.names(named)) if named == "agentx.strategies" else tuple(plugins.names(named))


def _kind(hint: str, choices: tuple[str, ...]) -> Kind:
    if choices:
        return "choice"
    if "bool" in hint:
        return "switch"
    if "list" in hint:
        return "list"
    return "number" if "int" in hint or "float" in hint else "text"
