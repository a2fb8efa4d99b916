"""Options that nobody asked for are left out of a call.

A small model fills optional arguments that the request says nothing of: a unit other than the default, a flag turned
on, a year that it remembers. Left out, they take the value that the tool's author has chosen for such requests. Asked
whether a request says something about an option the model cannot tell (benchmarks/bfcl), so that words decide: an
argument stays where anything of its value stands in what was said or seen, and a switch where its name does. Where the
request is in another language than the tools' descriptions, words tell nothing and all arguments stay.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agentx.planner.claims import figures
from agentx.planner.claims.source import Source
from agentx.planner.claims.words import folded
from agentx.planner.lexical import STOP, parts
from agentx.tool import Tool

ENGLISH_SHARE = 0.2
"""So many of the words of an English request at least are such as `the` and `to`."""


def without_unasked(tool: Tool, arguments: Mapping[str, Any], request: str, seen: Sequence[Source]) -> dict[str, Any]:
    """The arguments without those that the tool can do without and nobody spoke of.

    Args:
        request: what the user asks for.
        seen: what was said and read so far, the request included.
    """
    if not _is_english(request):
        return dict(arguments)
    properties, required = tool.parameters.get("properties", {}), tool.parameters.get("required", ())
    said = _Said(seen)
    return {
        name: value
        for name, value in arguments.items()
        if name in required or properties.get(name, {}).get("default") == value or said.anything_of(name, value)
    }


@dataclass(frozen=True)
class _Said:
    sources: Sequence[Source]

    @cached_property
    def words(self) -> set[str]:
        return {word for source in self.sources for word in parts(folded(source.text))} - STOP

    def anything_of(self, name: str, value: Any) -> bool:
        return any(self._names(name) if isinstance(leaf, bool) else self._states(leaf) for leaf in _leaves(value))

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
        return any(_akin(word, said) for said in self.words)


def _akin(word: str, said: str) -> bool:
    """Whether two words have a root in common, as far as their beginnings tell (`availability` and `available`), or
    the first is short for the second (`in` for `inches`)."""
    short, long = sorted((word, said), key=len)
    if len(short) < 5:
        return long.startswith(short) and (short is word or len(short) > 2)
    return long.startswith(short[: max(5, 2 * len(short) // 3)])


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif value not in (None, ""):
        yield value


def _is_english(text: str) -> bool:
    words = parts(text)
    return sum(word in STOP for word in words) >= ENGLISH_SHARE * len(words)
