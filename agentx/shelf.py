"""A memory as a person sees it: what a screen needs to look through it, add to it and forget of it.

A memory of the group `agentx.memory` that has a method `shelf(settings)` gives a `Shelf`; one without cannot be looked
into, and the agent uses it all the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from agentx.errors import PluginError


@dataclass(frozen=True, slots=True)
class Held:
    """A document or note that is stored.

    Attributes:
        key: by which it is asked for and forgotten.
        name: of the file or page that it is, the first words of a note.
        stored: when, UTC in ISO 8601.
        untrusted: it is text of strangers.
    """

    key: str
    name: str
    kind: str
    title: str
    stored: str
    passages: int
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that is found by itself.

    Attributes:
        document: key of its document.
        place: where it stands, for a person: `notes.md:3-9`, `report.pdf p. 4`.
        heading: the headings above it, outermost first.
        lines: the first and the last line in the file, from 1; None where there are none.
        number: from 1, of `count` in its document.
    """

    id: str
    text: str
    document: str
    place: str
    kind: str
    title: str = ""
    heading: tuple[str, ...] = ()
    lines: tuple[int, int] | None = None
    number: int = 1
    count: int = 1
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Attributes:
        passage: the one that the scores are about.
        text: with its neighbours.
        score: higher is better; it means nothing beside another query's.
        similarity: in meaning, up to 1; None where its words alone have found it.
        reason: which ways of searching have found it, and at which rank: `dense 1st, lexical 3rd`.
    """

    passage: Passage
    text: str
    score: float
    similarity: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """The text that a passage was taken from.

    Attributes:
        lines: without their ends; of a long file those around the passage.
        first: number of the first of them in the file, from 1.
        marked: numbers of the first and the last line of the passage.
        notice: a sentence where this is not the file as it was stored, else "".
    """

    name: str
    lines: tuple[str, ...]
    first: int
    marked: tuple[int, int]
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """What adding has come to.

    Attributes:
        skipped: names and the reason of each, a sentence.
        notices: other sentences for a person.
    """

    stored: int = 0
    unchanged: int = 0
    forgotten: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    notices: tuple[str, ...] = ()
    stopped: bool = False


Telling: TypeAlias = Callable[[str], None]
"""Told in a few words what is being waited for, such as a model that is fetched."""

Progress: TypeAlias = Callable[[int, int, str], None]
"""Told how many files are done, of how many, and which was the last."""


class Shelf(Protocol):
    """A store of texts, in collections. Every call may block and may come from any thread.

    All raise AgentXError with a sentence for a person: ConfigError, StorageError where the store cannot be read or
    written, ModelError where the embedding model cannot be had.
    """

    @property
    def place(self) -> str:
        """Where it lies, for a person."""
        ...

    def collections(self) -> dict[str, int]:
        """The passages of each collection that holds any, by its name; the one that the agent uses comes first.

        It may hold none: a shelf that has an attribute `own` tells the name there, so that no other is taken for it.
        """
        ...

    def documents(self, collection: str, limit: int) -> list[Held]:
        """What is stored, the last stored first."""
        ...

    def passages(self, collection: str, document: str) -> list[Passage]: ...

    def search(
        self, collection: str, query: str, limit: int, *, sayings: bool = False, telling: Telling
    ) -> list[Found]:
        """What fits a query, best first; with `sayings`, notes and facts alone.

        Raises:
            UsageError: the query is empty.
        """
        ...

    def source(self, collection: str, passage: Passage) -> Source: ...

    def add(
        self,
        collection: str,
        paths: Sequence[str],
        *,
        telling: Telling,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> Added:
        """Stores files, folders and pages of the web; what was done before it is `stopped` stays done."""
        ...

    def note(self, text: str, *, telling: Telling) -> None:
        """Keeps a text as the person's own, where the agent finds it."""
        ...

    def forget(self, collection: str, document: str) -> None: ...

    def forget_passage(self, collection: str, passage: str) -> None:
        """Forgets one passage of a document; it comes back where the document is added anew."""
        ...


def open_shelf(tool_settings: Mapping[str, Mapping[str, Any]]) -> Shelf:
    """The memory that the agent's tools use; nothing is read yet, but its package is imported.

    Args:
        tool_settings: for each tool its own table of the settings.

    Raises:
        PluginError: no installed memory can be looked into.
        ConfigError: its settings cannot be used.
    """
    from agentx import plugins

    for name in plugins.names("agentx.memory"):
        if shelf := getattr(plugins.load("agentx.memory", name), "shelf", None):
            return shelf(tool_settings)
    raise PluginError("No installed memory can be looked into; install a package whose `agentx.memory` has a shelf.")
