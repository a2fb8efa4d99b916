"""Plugins are entry points, reached at three costs: their names (metadata alone), one, or all of a group.

The bundled tools are loaded exactly as a stranger's are: nothing here knows a package by name.
"""

import importlib.metadata
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from agentx.errors import PluginError

GROUPS = (
    "agentx.tools",
    "agentx.optional_tools",
    "agentx.memory",
    "agentx.embedders",
    "agentx.models",
    "agentx.dialects",
    "agentx.strategies",
    "agentx.sandboxes",
    "agentx.search",
    "agentx.guards",
    "agentx.commands",
    "agentx.ui",
)

_TOOLS = ("agentx.tools", "agentx.optional_tools")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One registered entry point; nothing of it has been imported.

    Attributes:
        target: what it points at, as `module:attribute`.
        distribution: the installed package that registers it, "" where its metadata names none.
    """

    group: str
    name: str
    target: str
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """Why a plugin cannot be used; `sentence` is for a person."""

    plugin: Plugin
    sentence: str


def listing(group: str) -> list[Plugin]:
    """The entry points of a group in the order of the import path, from metadata alone."""
    return [plugin for plugin, _ in _entries(group)]


def names(group: str) -> list[str]:
    """Names registered in a group, each once, sorted; imports nothing of theirs."""
    return sorted({plugin.name for plugin in listing(group)})


def load(group: str, name: str) -> Any:
    """Imports one plugin.

    Raises:
        PluginError: no plugin of that name, or it cannot be loaded.
    """
    for plugin, entry in _entries(group):
        if plugin.name == name:
            return _load(plugin, entry)
    known = ", ".join(names(group)) or "none"
    raise PluginError(f"No installed package registers `{name}` in the group {group}; registered are: {known}.")


def load_all(group: str) -> tuple[dict[str, Any], list[PluginProblem]]:
    """Imports every plugin of a group; a broken one is left out and told of.

    Where two packages register the same name the first on the import path is taken, as `load` does.
    """
    loaded: dict[str, Any] = {}
    problems: list[PluginProblem] = []
    seen: dict[str, Plugin] = {}
    for plugin, entry in _entries(group):
        if taken := seen.get(plugin.name):
            sentence = (
                f"{described(plugin)} is left out: {taken.distribution} registers the same name; uninstall one of them."
            )
            problems.append(PluginProblem(plugin, sentence))
            continue
        seen[plugin.name] = plugin
        try:
            loaded[plugin.name] = _load(plugin, entry)
        except PluginError as error:
            problems.append(PluginProblem(plugin, str(error)))
    return loaded, problems


_Entry: TypeAlias = tuple[Plugin, importlib.metadata.EntryPoint]
_Path: TypeAlias = tuple[tuple[str, int], ...]


def _entries(group: str) -> tuple[_Entry, ...]:
    return _of_group(group, _import_path())


def _import_path() -> _Path:
    """The folders of the import path, each with the time at which something in it was last installed or removed."""
    return tuple((folder, _changed(folder or os.curdir)) for folder in sys.path)


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - a Path for each folder would double the time
    except OSError:
        return 0


@lru_cache(maxsize=2 * len(GROUPS))
def _of_group(group: str, path: _Path) -> tuple[_Entry, ...]:
    return tuple((_plugin(entry), entry) for entry in _installed(path).select(group=group))


@lru_cache(maxsize=1)
def _installed(path: _Path) -> Any:
    """All entry points (before Python 3.12 no EntryPoints, but with the same `select`).

    A file of each installed package is read for them, which takes longer than many a step of a run.
    """
    return importlib.metadata.entry_points()


def _plugin(entry: importlib.metadata.EntryPoint) -> Plugin:
    distribution = entry.dist
    return Plugin(
        group=entry.group,
        name=entry.name,
        target=entry.value,
        distribution=distribution.name if distribution else "",
        version=distribution.version if distribution else "",
    )


def _load(plugin: Plugin, entry: importlib.metadata.EntryPoint) -> Any:
    try:
        value = entry.load()
        return _as_tool(plugin, value) if plugin.group in _TOOLS else value
    # A plugin that calls sys.exit() on import must not take the host with it.
    except (Exception, SystemExit) as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(".")
        raise PluginError(f"{described(plugin)} cannot be loaded ({cause}); update or uninstall it.") from error


def _as_tool(plugin: Plugin, value: Any) -> Any:
    from agentx.tool import Tool

    item = value if isinstance(value, Tool) or not callable(value) else Tool.from_function(value)
    if not isinstance(item, Tool):
        raise TypeError(f"{plugin.target} is no tool but {type(value).__name__}")
    # A schema is read late; one that cannot be read must show here, not in the middle of a run.
    _ = item.parameters
    return item


def described(plugin: Plugin) -> str:
    """It in the words with which a sentence about it begins."""
    source = f" of {plugin.distribution} {plugin.version}".rstrip() if plugin.distribution else ""
    return f"The plugin `{plugin.name}` ({plugin.group}){source}"
