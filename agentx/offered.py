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


def load(names: Sequence[str] | None) -> "tuple[list[Tool], list[str]]":
    """The tools of these names, or all but the optional ones; and a line about each plugin that had to be left out.

    Raises:
        UsageError: there is no tool of a name.
        PluginError: one that was named cannot be loaded.
    """
    for name in names or ():
        if not is_known(name):
            raise UsageError(f"There is no tool `{name}`; the tools are: {', '.join(known()) or 'none'}.")
    if names is not None and not (names and all(name.startswith("+") for name in names)):
        return [_load(name) for name in dict.fromkeys(name.removeprefix("+") for name in names)], []
    found, problems = plugins.load_all(GROUP)
    found |= {name: _load(name) for name in (name.removeprefix("+") for name in names or ()) if name not in found}
    return list(found.values()), [problem.sentence for problem in problems]


def _load(name: str) -> "Tool":
    return plugins.load(GROUP if name in plugins.names(GROUP) else OPTIONAL, name)
