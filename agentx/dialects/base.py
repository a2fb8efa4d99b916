"""The Protocol of a dialect: how a model is shown tools, how it writes calls, how they are read back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from agentx.tool import Tool


class DialectError(Exception):
    """A reply is no call of the dialect: it was cut at a length limit, or written without the grammar."""


class Dialect(Protocol):
    """Stateless; a new one is a new file and an entry point of the group `agentx.dialects`.

    The grammar is Lark in the manner of llguidance. A dialect's rules define `calls` (one or more calls) and every
    rule name of its own begins with `d_`.

    `among` are the names of all tools of a run, where `tools` are only some of them: a dialect that has to make other
    names of them makes the same whichever are shown.
    """

    @property
    def name(self) -> str: ...

    @property
    def result_mark(self) -> str:
        """How every shown result begins; a model that writes it has no more calls to make."""
        ...

    def show_tools(self, tools: Sequence[Tool], among: Iterable[str] | None = None) -> str:
        """The tools as text for a prompt."""
        ...

    def grammar(self, tools: Sequence[Tool], among: Iterable[str] | None = None) -> str:
        """Lark rules that define `calls` over these tools.

        Raises:
            SchemaError: a tool's schema holds something that no grammar can be made of.
        """
        ...

    def parse(
        self, text: str, tools: Sequence[Tool], among: Iterable[str] | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        """Name as registered and arguments of each call in what `calls` matched.

        Raises:
            DialectError: the text holds no whole call where one should stand.
        """
        ...

    def show_call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """A call as the model would write it, for worked examples."""
        ...

    def show_result(self, text: str) -> str:
        """What a tool returned, as it stands behind the call."""
        ...
