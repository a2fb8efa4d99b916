"""Options that nobody asked for are left out of a call.

A small model fills optional arguments that the request says nothing of: a unit other than the default, a flag turned
on, a year that it remembers. Left out, they take the value that the tool's author has chosen for such requests. Asked
whether a request says something about an option the model cannot tell (benchmarks/bfcl), so that words decide: an
argument stays where anything of its value stands in what was said or seen, and a switch where its name does. Where the
request is in another language than the tools' descriptions, words tell nothing and all arguments stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agentx.planner.arguments import leaves
from agentx.planner.claims import figures
from agentx.planner.claims.source import Source
from agentx.planner.claims.words import folded
from agentx.planner.lexical import STOP, akin, is_english, parts
from agentx.tool import Tool


def without_unasked(tool: Tool, arguments: Mapping[str, Any], request: str, seen: Sequence[Source]) -> dict[str, Any]:
    """The arguments without those that the tool can do without and nobody spoke of.

    Args:
        request: what the user asks for.
        seen: what was said and read so far, the request included.
    """
    if not is_english(request):
        return dict(arguments)
    properties, required = tool.parameters.get("properties", {}), tool.parameters.get("required", ())
    said = _Said(seen)
    return {
        name: value
        for name, value in arguments.items()
        if name in required or _default(properties.get(name)) == value or said.anything_of(name, value)
    }


def _default(schema: Any) -> Any:
    return schema.get("default") if isinstance(schema, Mapping) else None


@dataclass(frozen=True)
class _Said:
    sources: Sequence[Source]

    @cached_property
    def words(self) -> set[str]:
        return {word for source in self.sources for word in parts(folded(source.text))} - STOP

    def anything_of(self, name: str, value: Any) -> bool:
        return any(self._names(name) if isinstance(leaf, bool) else self._states(leaf) for leaf in leaves(value))

    def _states(self, value: Any) -> bool:
        if not isinstance(value, str):
            return self._counts(str(value))
        words = parts(folded(value))
        # Signs alone, such as `+`, are said in words that nobody can foresee.
        return not words or any(self._counts(word) if word[0].isdigit() else self._has(word) for word in words)

    def _counts(self, figure: str) -> bool:
        """Whether a number was said, in digits or words, as a percentage or with a unit."""
        wanted = figures.stated(figure)
        return any(one.rests_on(other) for one in wanted for source in self.sources for other in source.figures)

    def _names(self, option: str) -> bool:
        return any(len(word) > 3 and self._has(word) for word in parts(option))

    def _has(self, word: str) -> bool:
        return any(akin(word, said) for said in self.words)
