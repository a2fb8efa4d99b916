"""The Protocol of a guard: looks at the text that goes through a run, and tells what it finds and how sure it is.

What a guard finds is advice. What comes of it is said by the user, for each kind and place (see
`agentx.guarding.actions`), and can only make a run stricter: nothing that a guard says allows a call, or takes back
that text of strangers was read.

A guard is a plugin: an entry point of the group `agentx.guards` names a factory
`(settings: Mapping[str, Any]) -> Guard`, which gets the guard's own table of the settings file and raises ConfigError
where it cannot read it. The factory must be cheap; what takes time, such as a model, is loaded at the first check.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, get_args

Place: TypeAlias = Literal["input", "tool_result", "output"]
"""Where a text stands: what the user asks for, what a tool has brought, the answer."""

PLACES: tuple[Place, ...] = get_args(Place)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a guard has found in a text.

    Attributes:
        kind: what it is, one of the guard's `kinds`: "injection", "secret", "personal", "profanity" and the like.
        score: how sure the guard is, from 0 to 1.
        start, end: where it stands, in characters of the text; None: the whole text.
        reason: what it is in a few words, such as "github token". It is shown and kept: never the found text itself.
        guard: the guard's name, filled in by whoever runs it.
    """

    kind: str
    score: float
    start: int | None
    end: int | None
    reason: str
    guard: str = ""


TAINTING = frozenset({"injection"})
"""Kinds that speak of somebody else's orders in a text: where one is found the run has read text of strangers."""


class Guard(Protocol):
    """Looks for things in texts. Called from several threads, one of which it may keep busy for a while."""

    @property
    def name(self) -> str:
        """That of its entry point."""
        ...

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that its findings can have; known before anything is loaded."""
        ...

    def check(self, text: str, place: Place) -> Sequence[Finding]:
        """What it finds in a text, in any order; findings may overlap.

        It says all that it finds, however unsure: from which score on something comes of it is the user's choice.

        Raises:
            AgentXError: it cannot do its work; the run ends with that sentence, since nothing goes unchecked.
        """
        ...


Factory: TypeAlias = Callable[[Mapping[str, Any]], Guard]
