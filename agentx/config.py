"""Settings, from four places: command line > environment > project file > user file. What is denied adds up over all.

The project file is `.agentx/config.toml` in the workspace and counts only once it was trusted; the user file is
`config.toml` in the configuration folder. A tool's own table is `[tools.NAME]`, that of the guards `[guard]` (see
`agentx.guarding.actions`). An environment variable is the
setting's name in capitals after `AGENTX_`; a list is separated by commas there, one of sentences by lines.
"""

import dataclasses
import os
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from agentx import config_fields, config_guard, folders, trust
from agentx.errors import AgentXError, ConfigError, UsageError
from agentx.files import replace


def _setting(group: str, about: str, default: Any, expected: str, *, choices: str = "", **bounds: float) -> Any:
    return field(default=default, metadata=_about(group, about, expected, choices=choices, **bounds))


def _about(group: str, about: str, expected: str, *, choices: str = "", **bounds: float) -> dict[str, Any]:
    return {"group": group, "about": about, "expected": expected, "choices": choices, "bounds": bounds}


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set; None leaves the choice to AgentX. What each of them is stands with it.

    Attributes:
        tool_settings: by tool name, its own table `[tools.NAME]`.
        guard: the table `[guard]`.
    """

    model: str | None = _setting("model", "which model answers", None, "a model's name, a path or hf://repo/file")
    strategy: str = _setting(
        "agent", "how the agent goes about a task", "auto", "a strategy's name", choices="agentx.strategies"
    )
    dialect: str | None = _setting(
        "agent", "how the model writes its calls", None, "a dialect's name", choices="agentx.dialects"
    )
    threads: int | None = _setting(
        "model", "CPU threads of the decoder", None, "a whole number from 1 to 512", ge=1, le=512
    )
    context_tokens: int | None = _setting(
        "model", "tokens that a prompt and its reply may have together", None,
        "a whole number of tokens from 512 up", ge=512,
    )  # fmt: skip
    adapter: str | None = _setting(
        "model", "LoRA adapter that the model runs under", None, "the path of a GGUF file, or none"
    )
    few_shot: int = _setting(
        "agent", "past tasks that went well which are shown with a new one like them", 0, "a whole number from 0 to 3",
        ge=0, le=3,
    )  # fmt: skip
    max_steps: int = _setting(
        "agent", "replies of the model that a task may take", 20, "a whole number from 1 up", ge=1
    )
    timeout_s: float | None = _setting("agent", "seconds that a task may take", None, "seconds, a number above 0", gt=0)
    allow: list[str] = field(
        default_factory=list[str],
        metadata=_about("approvals", "patterns of calls that are approved in advance", "a list of patterns"),
    )
    deny: list[str] = field(
        default_factory=list[str],
        metadata=_about("approvals", "patterns of calls that are never carried out", "a list of patterns"),
    )
    mode: str = _setting(
        "approvals", "what happens to other calls that need an approval", "ask", "read-only, ask, auto-edit or full",
        choices="modes",
    )  # fmt: skip
    instructions: str | None = _setting("agent", "text that is added to the system prompt", None, "text")
    principles: list[str] = field(
        default_factory=list[str],
        metadata=_about("agent", "what every answer must keep to, a sentence each", "a list of sentences"),
    )
    enabled_tools: list[str] | None = field(
        default=None,
        metadata=_about("agent", "names of the tools that the model is offered; +name adds to all", "a list of names"),
    )
    temperature: float = _setting(
        "model", "how freely the model chooses its words; 0 takes the likeliest", 0.0, "a number from 0 up", ge=0
    )
    seed: int = _setting(
        "model", "what chance begins with where the temperature is above 0", 0, "a whole number from 0 up",
        ge=0, lt=2**32,
    )  # fmt: skip
    journal_url: str | None = _setting(
        "sessions", "SQLAlchemy URL of the database that keeps the sessions; a file in the data folder where unset",
        None, "a URL such as postgresql+psycopg://user@host/database",
    )  # fmt: skip
    sessions_keep_days: float | None = _setting(
        "sessions", "days after which a session may be deleted, once nothing happens in it; all are kept where unset",
        None, "days, a number above 0", gt=0,
    )  # fmt: skip
    tool_settings: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    guard: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and whence they come.

    Attributes:
        origins: for each key ("max_steps", "tools.fetch_page.allow") the file, the environment variable,
            "command line" or "default".
        notices: lines for a person, such as a project file that is not trusted.
    """

    settings: Settings
    origins: dict[str, str]
    notices: list[str]


@dataclass(frozen=True, slots=True)
class _Source:
    """One place that settings come from; `text` is there to look up line numbers."""

    name: str
    values: Mapping[str, Any]
    text: str = ""
    error: type[AgentXError] = ConfigError
    strict: bool = True

    def where(self, key: str) -> str:
        for number, line in enumerate(self.text.splitlines(), 1):
            if re.match(rf"""\s*(\[\s*)?["']?{re.escape(key)}["']?\s*[=.\]]""", line):
                return f"{self.name}, line {number}"
        return self.name


_FIELDS = {item.name: item for item in dataclasses.fields(Settings) if item.metadata}


def user_file() -> Path:
    return folders.config_dir() / "config.toml"


def project_file(workspace: Path) -> Path:
    return workspace.absolute() / ".agentx" / "config.toml"


def environment_name(key: str) -> str:
    return f"AGENTX_{key.upper()}"


def load(workspace: Path, overrides: Mapping[str, Any] | None = None) -> Loaded:
    """Settings for a run in this workspace; of the overrides (the command line's), those that are None do not count.

    Raises:
        ConfigError: a file or variable that cannot be read, an unknown key, a value of the wrong type: which file,
            key and line, and what is expected.
        UsageError: the same of an override.
    """
    notices: list[str] = []
    values: dict[str, Any] = {}
    tables: dict[str, dict[str, Any]] = {}
    guard: dict[str, Any] = {}
    origins = dict.fromkeys(_FIELDS, "default")
    for source in _sources(workspace, overrides or {}, notices):
        for key, value in source.values.items():
            if key == "tools":
                for name, table in _tool_tables(source, value):
                    tables.setdefault(name, {}).update(table)
                    origins.update({f"tools.{name}.{item}": source.name for item in table})
            elif key == "guard":
                config_guard.merge(guard, table := _guard_table(source, value))
                origins.update({name: source.name for name, _ in config_guard.items(table)})
            elif key == "deny":
                # Every source's own: what one forbids, another must not allow by forbidding something else.
                values[key] = list(dict.fromkeys([*values.get(key, ()), *_checked(source, key, value)]))
                origins[key] = source.name
            else:
                values[key] = _checked(source, key, value)
                origins[key] = source.name
    return Loaded(Settings(**values, tool_settings=tables, guard=guard), origins, notices)


def set_user_value(key: str, text: str) -> Path:
    """Writes one setting to the user file, whose comments and order stay; returns the file.

    `key` is a setting's name or `tools.NAME.KEY`; `text` is what one types, a list separated by commas or in TOML. The
    path of a model or an adapter is written as an absolute one, since a setting holds in every folder.

    Raises:
        ConfigError: no such setting, a value of the wrong type or that names what there is not, or a file that cannot
            be read or written.
    """
    return write_user_value(key, _typed_in(key, text))


def write_user_value(key: str, value: Any) -> Path:
    """As `set_user_value`, with a value in place of what one types; None takes the setting out of the file."""
    import tomlkit
    import tomlkit.exceptions

    path = user_file()
    content = _read(path) or b""
    # What stands there already must be sound, else the file would be written around an error.
    source = _parse(path, content)
    for name, old in source.values.items():
        if name == "guard":
            _guard_table(source, old)
        elif name != "tools":
            _checked(source, name, old)
    document = tomlkit.parse(source.text)
    at: Any = document
    *parents, last = key.split(".")
    try:
        for parent in parents:
            if parent not in at:
                at[parent] = tomlkit.table(is_super_table=parent == "tools")
            at = at[parent]
        if value is not None:
            at[last] = value
        elif last in at:
            at.remove(last)
    except (TypeError, AttributeError, tomlkit.exceptions.TOMLKitError) as error:
        raise ConfigError(f"{path}: `{key}` cannot be set, a part of it is no table ({error}).") from error
    if key.startswith(config_guard.PREFIX):
        _guard_table(_Source("agentx config set", {}), document.unwrap().get("guard", {}))
    replace(path, tomlkit.dumps(document).encode())
    return path


def trust_project(workspace: Path) -> Path:
    """Trusts the project file with its present content; returns it.

    Raises:
        ConfigError: there is none, or it is not sound.
    """
    path = project_file(workspace)
    content = _read(path)
    if content is None:
        raise ConfigError(f"There is no {path} to trust.")
    source = _parse(path, content)
    for key, value in source.values.items():
        if key == "guard":
            _guard_table(source, value)
        else:
            _ = list(_tool_tables(source, value)) if key == "tools" else _checked(source, key, value)
    trust.trust(path, content)
    return path


def _sources(workspace: Path, overrides: Mapping[str, Any], notices: list[str]) -> Iterator[_Source]:
    """From the weakest to the strongest."""
    if (content := _read(user_file())) is not None:
        yield _parse(user_file(), content)
    project = project_file(workspace)
    # The bytes that were found trusted are the ones that are parsed.
    if (content := _read(project)) is not None:
        if trust.is_trusted(project, content):
            yield _parse(project, content)
        else:
            notices.append(f"{project} is not trusted and was ignored; read it, then run `agentx config trust`.")
    for key, item in _FIELDS.items():
        if text := os.environ.get(environment_name(key)):
            yield _Source(environment_name(key), {key: _from_text(item, text)}, strict=False)
    given = {key: value for key, value in overrides.items() if value is not None}
    yield _Source("command line", given, error=UsageError)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); mend or delete it.") from error


def _parse(path: Path, content: bytes) -> _Source:
    try:
        text = content.decode("utf-8-sig")
        return _Source(str(path), tomllib.loads(text), text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}; mend that line.") from error


def _tool_tables(source: _Source, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    tables = cast("dict[str, Any]", value) if isinstance(value, dict) else {"": value}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise source.error(
                f"{source.where('tools')}: `tools` holds one table for each tool, as [tools.fetch_page]; to choose "
                "which tools the model is offered, set `enabled_tools`."
            )
        yield name, cast("dict[str, Any]", table)


def _guard_table(source: _Source, value: Any) -> dict[str, Any]:
    try:
        return config_guard.checked(value)
    except ConfigError as error:
        raise source.error(f"{source.where('guard')}: {error}.") from None


def _checked(source: _Source, key: str, value: Any) -> Any:
    import pydantic

    item = _FIELDS.get(key)
    if item is None:
        raise source.error(f"{source.where(key)}: there is no setting `{key}`; the settings are: {_names()}.")
    try:
        return _adapter(item).validate_python(value, strict=source.strict)
    except pydantic.ValidationError:
        expected = item.metadata["expected"]
        raise source.error(f"{source.where(key)}: `{key}` must be {expected}, not {value!r:.100}.") from None


def _adapter(item: "dataclasses.Field[Any]") -> Any:
    import pydantic

    hint: Any = typing.get_type_hints(Settings)[item.name]
    bounds: dict[str, Any] = item.metadata["bounds"]
    if "float" in str(hint) or hint is float:
        bounds = {**bounds, "allow_inf_nan": False}
    # The type is put together at run time, which a type checker cannot follow.
    return pydantic.TypeAdapter(cast("Any", typing.Annotated)[hint, pydantic.Field(**bounds)])


def _from_text(item: "dataclasses.Field[Any]", text: str) -> Any:
    """A value as one types it: a list in TOML, or separated by commas outside of parentheses (sentences: by lines)."""
    if "list" not in str(item.type):
        return text
    if text.lstrip().startswith("["):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    separator = r"\n" if item.name == "principles" else r",(?![^(]*\))"
    return [part.strip() for part in re.split(separator, text) if part.strip()]


def _typed_in(key: str, text: str) -> Any:
    if key == "guard.on":
        names = _from_text(_FIELDS["enabled_tools"], text)
        config_guard.check_names(names)
        return names
    if re.fullmatch(r"tools\.[^.]+\.[^.]+|guard\.(actions\.[^.]+(\.[^.]+)?|settings\.[^.]+\.[^.]+)", key):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    source = _Source("agentx config set", {}, strict=False)
    item = _FIELDS.get(key)
    value = _checked(source, key, text if item is None else _from_text(item, text))
    config_fields.check_names(key, value)
    return config_fields.anywhere(key, value)


def _names() -> str:
    return ", ".join((*_FIELDS, "tools.NAME.KEY", "guard.on", "guard.actions.KIND"))
