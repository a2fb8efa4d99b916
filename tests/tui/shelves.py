"""A memory for the tests of its page: what it holds is fixed, and what is done to it is written down."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from agentx.errors import StorageError, UsageError
from agentx.shelf import Added, Found, Held, Passage, Progress, Source, Telling

HOSTILE = "[/] [link=x]\x1b[31mred\x00 \u202eleft"


def passage(id: str, text: str, number: int = 1, count: int = 1, **more: object) -> Passage:
    place = f"/home/ada/notes.md:{number}-{number + 1}"
    one = Passage(id, text, "/home/ada/notes.md", place, "markdown", number=number, count=count)
    return replace(one, lines=(number, number + 1), **more)  # type: ignore[arg-type]


NOTES = [
    passage("1", "The ketch Marlene is moored in Flensburg.", 1, 2, heading=("Boats", "Sails"), title="Notes"),
    passage("2", "Grandma likes orchids.", 2, 2, heading=("Garden",), title="Notes"),
]
TEA = Passage("3", "I like green tea in the morning.", "fact 3", "session s1", "fact")
STRANGE = Passage("4", HOSTILE, "https://example.org/x", "https://example.org/x", "html", untrusted=True)


class FakeShelf:
    """See `agentx.shelf.Shelf`.

    Attributes:
        failing: what every call raises, if it is set.
        gate: searches wait for it.
    """

    place = "/home/ada/.local/share/agentx/memory"

    def __init__(self, *, empty: bool = False) -> None:
        day = "2026-03-0{}T12:00:00+00:00"
        self.held: dict[str, list[Held]] = {
            "notes": [
                Held("/home/ada/notes.md", "/home/ada/notes.md", "markdown", "Notes", day.format(3), 2),
                Held("fact 3", TEA.text, "fact", "", day.format(2), 1),
                Held(STRANGE.document, f"https://example.org/{HOSTILE}", "html", HOSTILE, day.format(1), 1, True),
            ],
            "letters": [Held("/home/ada/letter.docx", "/home/ada/letter.docx", "docx", "", day.format(1), 7)],
        }
        if empty:
            self.held = {}
        self.texts = {"/home/ada/notes.md": NOTES, "fact 3": [TEA], "https://example.org/x": [STRANGE]}
        self.done: list[tuple[str, ...]] = []
        self.failing: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.added = Added(stored=2, unchanged=1, skipped=(("/home/ada/broken.pdf", "It is called .pdf and is none."),))
        self.adding = threading.Event()
        self.adding.set()

    def collections(self) -> dict[str, int]:
        self._fail()
        return {name: sum(item.passages for item in held) for name, held in self.held.items() if held}

    def documents(self, collection: str, limit: int) -> list[Held]:
        self._fail()
        return self.held.get(collection, [])[:limit]

    def passages(self, collection: str, document: str) -> list[Passage]:
        self._fail()
        return list(self.texts.get(document, []))

    def search(
        self, collection: str, query: str, limit: int, *, sayings: bool = False, telling: Telling
    ) -> list[Found]:
        self._fail()
        self.done.append(("search", collection, query, *(["sayings"] if sayings else [])))
        assert self.gate.wait(30)
        if not query:
            raise UsageError("A query must not be empty; give it some words.")
        if "nothing" in query:
            return []
        if sayings:
            return [Found(TEA, TEA.text, 0.02, 0.66, "dense 1st")]
        return [
            Found(NOTES[0], NOTES[0].text, 0.0328, 0.8123, "dense 1st, lexical 1st"),
            Found(TEA, TEA.text, 0.0161, 0.41, "dense 2nd"),
            Found(STRANGE, STRANGE.text, 0.0159, None, "lexical 2nd"),
        ]

    def source(self, collection: str, passage: Passage) -> Source:
        self._fail()
        lines = tuple(f"line {number} of the file" for number in range(101, 301))
        return Source("/home/ada/notes.md", lines, 101, (150, 152), "The file has changed since it was stored.")

    def add(
        self,
        collection: str,
        paths: Sequence[str],
        *,
        telling: Telling,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> Added:
        self._fail()
        self.done.append(("add", collection, *paths))
        progress(1, 4, "/home/ada/docs/first.md")
        while not self.adding.wait(0.01):
            if stopped():
                return replace(self.added, stored=1, skipped=(), stopped=True)
        return self.added

    def note(self, text: str, *, telling: Telling) -> None:
        self._fail()
        self.done.append(("note", text))

    def forget(self, collection: str, document: str) -> None:
        self._fail()
        self.done.append(("forget", collection, document))
        self.held[collection] = [item for item in self.held[collection] if item.key != document]

    def forget_passage(self, collection: str, passage: str) -> None:
        self._fail()
        self.done.append(("forget passage", collection, passage))

    def _fail(self) -> None:
        if self.failing is not None:
            raise self.failing


LOCKED = StorageError("The memory in /home/ada/memory is written by another process; try again in a moment.")
