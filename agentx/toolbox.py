"""The tools of one agent, by name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from agentx.errors import UsageError
from agentx.nearest import advice
from agentx.tool import Tool


class Toolbox(Mapping[str, Tool]):
    """An ordered, frozen mapping of names to tools; plain functions are made tools.

    Raises:
        UsageError: two tools have the same name.
    """

    def __init__(self, tools: Iterable[Tool | Callable[..., Any]] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for entry in tools:
            item = entry if isinstance(entry, Tool) else Tool.from_function(entry)
            if item.name in self._tools:
                raise UsageError(f"Two tools are named `{item.name}`; give one of them another name.")
            self._tools[item.name] = item

    def __getitem__(self, name: str) -> Tool:
        try:
            return self._tools[name]
        except KeyError:
            raise UsageError(f"There is no tool `{name}`.{advice(name, self._tools) or ' There are none.'}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def with_settings(self, settings: Mapping[str, Mapping[str, Any]]) -> "Toolbox":
        """The same tools, each with the capabilities that its table of the settings adds."""
        return Toolbox(tool.with_settings(settings.get(name, {})) for name, tool in self.items())

    def attended(self, by_a_person: bool) -> "Toolbox":
        """The tools that can be used where there is a person to ask, or where there is none."""
        return Toolbox(tool for tool in self.values() if by_a_person or not tool.needs_person)

    def select(self, names: Iterable[str]) -> "Toolbox":
        return Toolbox(self[name] for name in names)
