"""The Protocols of a memory: what the core and the `remember` and `recall` tools need of a store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class MemoryHit:
    """A stored text found for a query.

    Attributes:
        score: cosine similarity, 1.0 for the same text.
        untrusted: it may derive from text of strangers.
        place: the source with the lines or the page that the text stands on, for a citation; "" where there are none.
    """

    id: str
    text: str
    source: str
    score: float
    untrusted: bool = False
    place: str = ""


class Memory(Protocol):
    """Stores texts and finds those nearest in meaning. Calls may block: the loop runs them in a thread."""

    def add(self, text: str, source: str, *, untrusted: bool = False) -> str:
        """Stores a text and returns its id; the same text again changes nothing and returns the same id.

        Args:
            untrusted: it may derive from text of strangers; its hits say so.
        """
        ...

    def search(self, query: str, limit: int = 5) -> Sequence[MemoryHit]:
        """The texts nearest to the query, best first."""
        ...

    def count(self) -> int: ...


class PastTasks(Protocol):
    """Finds those among past tasks that mean the like of a new one. Calls may block: the core makes them in a thread.

    A memory that can do so has a static method `past_tasks(tool_settings)` that gives one (see `open_past_tasks`).
    """

    def nearest(
        self, task: str, past: Mapping[str, str], limit: int, kept: Collection[str] = ()
    ) -> Sequence[tuple[str, float]]:
        """Keys of the past tasks nearest to the task, best first, each with its cosine similarity.

        Args:
            past: the texts of those that may be found, the newest first, each under a key that stays.
            kept: keys of others that are still there; what is known of any that is not named is forgotten.

        Raises:
            AgentXError: what is kept of them cannot be read or written, or the embedding model cannot be had.
        """
        ...


def open_past_tasks(tool_settings: Mapping[str, Mapping[str, Any]]) -> PastTasks | None:
    """What the first installed memory that can do so finds past tasks by; None without one.

    Raises:
        PluginError, ConfigError: it cannot be loaded, or its settings cannot be used.
    """
    from agentx import plugins

    for name in plugins.names("agentx.memory"):
        if past_tasks := getattr(plugins.load("agentx.memory", name), "past_tasks", None):
            return past_tasks(tool_settings)
    return None
