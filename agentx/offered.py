"""Which of the installed tools an agent is offered: all of the group `agentx.tools`, and of `agentx.optional_tools`
those that are named.

A tool that most users do not want, or that needs more than is installed with it, is registered in the second group: it
is there to be listed, and nothing of it is imported before somebody names it. `+name` in a list of names means all that
are offered anyway, and that one too.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentx import plugins
from agentx.errors import UsageError

if TYPE_CHECKING:
    from agentx.tool import Tool

GROUP = "agentx.tools"
OPTIONAL = "agentx.optional_tools"


def known() -> list[str]:
    """Names of all installed tools, optional ones too, from metadata alone."""
    return sorted({*plugins.names(GROUP), *plugins.names(OPTIONAL)})


def is_known(name: str) -> bool:
    """Whether an entry of a list of names means an installed tool."""
    return name.removeprefix("+") in known()


def enabled(names: Sequence[str] | None) -> set[str]:
    """Names under which those are registered that `load` gives; nothing is imported."""
    named = {name.removeprefix("+") for name in names or ()}
    return named | set(plugins.names(GROUP)) if _adds(names) else named


def _adds(names: Sequence[str] | None) -> bool:
    """Whether all that are not optional are meant too."""
    return names is None or (bool(names) and all(name.startswith("+") for name in names))


def load(names: Sequence[str] | None) -> "tuple[list[Tool], list[str]]":
    """The tools of these names, or all but the optional ones; and a line about each plugin that had to be left out.

    Of tools that have one name though they are registered under several, those go first that are named, then those that
    come first on the import path.

    Raises:
        UsageError: there is no tool of a name.
        PluginError: one that was named cannot be loaded.
    """
    for name in names or ():
        if not is_known(name):
            raise UsageError(f"There is no tool `{name}`; the tools are: {', '.join(known()) or 'none'}.")
    named = list(dict.fromkeys(name.removeprefix("+") for name in names or ()))
    if not _adds(names):
        return _of_one_name_each({name: _load(name) for name in named}, named)
    found, problems = plugins.load_all(GROUP)
    found |= {name: _load(name) for name in named if name not in found}
    tools, left_out = _of_one_name_each(found, named)
    return tools, [*(problem.sentence for problem in problems), *left_out]


def _of_one_name_each(tools: "dict[str, Tool]", first: Sequence[str]) -> "tuple[list[Tool], list[str]]":
    """The tools without those whose name another has; and a line about each of these.

    Args:
        tools: by the names that they are registered under.
        first: the names that go before others.
    """
    taken: dict[str, str] = {}
    for name in sorted(tools, key=lambda name: name not in first):
        taken.setdefault(tools[name].name, name)
    left_out = [
        f"{plugins.described(_registered(name))} is left out: its tool is named `{tool.name}`, as that of "
        f"`{taken[tool.name]}` ({_registered(taken[tool.name]).distribution}) is; uninstall one of them, or name the "
        "one that you want."
        for name, tool in tools.items()
        if taken[tool.name] != name
    ]
    return [tool for name, tool in tools.items() if taken[tool.name] == name], left_out


def _load(name: str) -> "Tool":
    return plugins.load(_registered(name).group, name)


def _registered(name: str) -> plugins.Plugin:
    """The first of this name in the group of tools, or else among the optional ones."""
    return next(plugin for group in (GROUP, OPTIONAL) for plugin in plugins.listing(group) if plugin.name == name)
